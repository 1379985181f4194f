/** How tools write a credential when they complain: what text from outside may hold. */
export const SPOKEN: readonly ((secret: string) => string)[] = [
  (secret) => `request failed: Authorization: Bearer ${secret}`,
  (secret) => `dial https://ci:${secret}@registry.example.com/v2/: 401`,
  (secret) => `K3S_TOKEN=${secret} rejected`,
  (secret) => `--token ${secret} was not accepted`,
  (secret) => `unable to parse {"password":"${secret}"}`,
  (secret) => `unable to parse "{\\"secret_access_key\\":\\"${secret}\\"}"`,
  (secret) => `stringData:\n  password: ${secret}\n`,
  (secret) => `_authToken=${secret}`,
  (secret) => `aws_secret_access_key = ${secret}`,
  (secret) => `token K10${"a".repeat(64)}::server:${secret} does not match`,
  (secret) => `-----BEGIN OPENSSH PRIVATE KEY-----\n${secret}\n-----END OPENSSH PRIVATE KEY-----`,
  (secret) => `data:\n  password: ${Buffer.from(secret).toString("base64")}`,
  (secret) => `client-key-data: ${Buffer.from(secret).toString("base64")}`,
];
