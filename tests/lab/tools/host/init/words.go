package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
)

// splitWords splits a command line of a unit: blanks separate, quotes of both kinds hold together, a backslash escapes.
func splitWords(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	inWord, quote := false, rune(0)
	runes := []rune(line)
	for i := 0; i < len(runes); i++ {
		r := runes[i]
		switch {
		case r == '\\' && quote != '\'' && i+1 < len(runes):
			i++
			inWord = true
			word.WriteRune(runes[i])
		case quote != 0:
			if r == quote {
				quote = 0
			} else {
				word.WriteRune(r)
			}
		case r == '"' || r == '\'':
			quote, inWord = r, true
		case r == ' ' || r == '\t':
			if inWord {
				words = append(words, word.String())
				word.Reset()
				inWord = false
			}
		default:
			inWord = true
			word.WriteRune(r)
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("%q: a quote is not closed", line)
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, nil
}

// command is one Exec line: what to run, and whether its failure counts.
type command struct {
	argv         []string
	ignoreFailed bool
}

// parseCommand understands the prefix "-" (a failure is no failure) and replaces $NAME and ${NAME} words.
func parseCommand(line string, environment []string) (command, error) {
	c := command{}
	for len(line) > 0 && strings.ContainsRune("-@:+!", rune(line[0])) {
		c.ignoreFailed = c.ignoreFailed || line[0] == '-'
		line = line[1:]
	}
	words, err := splitWords(line)
	if err != nil {
		return c, err
	}
	if len(words) == 0 {
		return c, fmt.Errorf("an Exec line is empty")
	}
	values := map[string]string{}
	for _, entry := range environment {
		name, value, _ := strings.Cut(entry, "=")
		values[name] = value
	}
	for _, word := range words {
		if name, isWord := strings.CutPrefix(word, "$"); isWord && isName(name) {
			c.argv = append(c.argv, strings.Fields(values[name])...)
			continue
		}
		for name, value := range values {
			word = strings.ReplaceAll(word, "${"+name+"}", value)
		}
		c.argv = append(c.argv, strings.ReplaceAll(word, "%%", "%"))
	}
	return c, nil
}

func isName(text string) bool {
	for _, r := range text {
		if r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return false
		}
	}
	return text != ""
}

const defaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// environment gives what Environment= and EnvironmentFile= say, files last as in systemd.
func (u *unit) environment() ([]string, error) {
	result := []string{defaultPath, "LANG=C.UTF-8"}
	for _, line := range u.all("Service", "Environment") {
		words, err := splitWords(line)
		if err != nil {
			return nil, err
		}
		result = append(result, words...)
	}
	for _, path := range u.all("Service", "EnvironmentFile") {
		optional := strings.HasPrefix(path, "-")
		values, err := environmentFile(strings.TrimPrefix(path, "-"))
		if err != nil && !(optional && os.IsNotExist(err)) {
			return nil, err
		}
		result = append(result, values...)
	}
	return result, nil
}

func environmentFile(path string) ([]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var values []string
	for scanner := bufio.NewScanner(file); scanner.Scan(); {
		line := strings.TrimSpace(scanner.Text())
		name, value, found := strings.Cut(line, "=")
		if line == "" || strings.HasPrefix(line, "#") || !found {
			continue
		}
		if len(value) >= 2 && (value[0] == '"' || value[0] == '\'') && value[len(value)-1] == value[0] {
			value = value[1 : len(value)-1]
		}
		values = append(values, name+"="+value)
	}
	return values, nil
}
