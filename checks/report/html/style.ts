/**
 * The style of every page. Two palettes by what the reader's system prefers; a verdict is always written too, so that
 * colour alone says nothing. No `<`, `&` or `]]>`: the text stands in the page as it is.
 */
export const STYLE = `
:root{color-scheme:light dark;--paper:#fbfbfa;--card:#fff;--ink:#1c1e21;--soft:#60666e;--line:#dcdfe3;--code:#f1f2f4;
--pass:#1a7f37;--fail:#c62828;--drift:#8e3fb5;--error:#a35b00;--skipped:#56708a;--s0:#2f6fb0;--s1:#c4721b;--s2:#3d8c63;
--open:#d8efdc;--shut:#eceff2;--bad:#f9d2d0;--unknown:#fff}
@media (prefers-color-scheme:dark){:root{--paper:#15171a;--card:#1d2024;--ink:#e6e8eb;--soft:#9aa2ab;--line:#353a41;--code:#25292e;
--pass:#5bc47b;--fail:#ff7b72;--drift:#d59bf0;--error:#f0a63e;--skipped:#94b0cb;--s0:#6fb1f0;--s1:#f0a860;--s2:#74cf9c;
--open:#1f4a2c;--shut:#2a2e33;--bad:#6b2624;--unknown:#1d2024}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
header,main{max-width:1120px;margin:0 auto;padding:0 24px}
header{padding-top:28px}
h1{font-size:24px;line-height:1.25;margin:0 0 4px}
h2{font-size:18px;margin:36px 0 12px}
h3{font-size:15px;margin:0 0 8px;overflow-wrap:anywhere}
p{margin:0 0 12px}
.soft,figcaption{color:var(--soft);font-size:13px;overflow-wrap:anywhere}
nav{display:flex;flex-wrap:wrap;gap:4px 18px;margin-top:16px;padding-bottom:10px;border-bottom:1px solid var(--line)}
a{color:var(--s0)}
nav a{text-decoration:none}
.sum{display:flex;flex-wrap:wrap;gap:8px;margin:16px 0 0;padding:0;list-style:none}
.sum li{background:var(--card);border:1px solid var(--line);border-radius:6px;padding:4px 12px}
.sum b{font-variant-numeric:tabular-nums}
.PASS{color:var(--pass)}.FAIL{color:var(--fail)}.DRIFT{color:var(--drift)}.ERROR{color:var(--error)}.SKIPPED{color:var(--skipped)}
b.PASS,b.FAIL,b.DRIFT,b.ERROR,b.SKIPPED{font-weight:650;font-size:13px;letter-spacing:.02em}
.card{background:var(--card);border:1px solid var(--line);border-left-width:4px;border-radius:6px;padding:14px 18px;margin:0 0 14px}
.card.FAIL{border-left-color:var(--fail)}.card.DRIFT{border-left-color:var(--drift)}.card.ERROR{border-left-color:var(--error)}
.card{color:var(--ink)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 16px;margin:0}
dt{color:var(--soft)}
dd{margin:0;min-width:0;overflow-wrap:anywhere}
pre,code{font:13px/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
pre{background:var(--code);border-radius:4px;padding:6px 10px;margin:0;overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;background:var(--card);border:1px solid var(--line)}
th,td{padding:6px 10px;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
th{font-weight:600;font-size:13px;color:var(--soft)}
td{overflow-wrap:anywhere}
.findings td:nth-child(-n+2),.findings td:last-child{white-space:nowrap;overflow-wrap:normal}
.num td:not(:first-child),.num th:not(:first-child){text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
summary{cursor:pointer}
details[open] summary{margin-bottom:6px}
figure{margin:0 0 24px}
.plot{width:100%;height:auto;display:block;background:var(--card);border:1px solid var(--line);border-radius:6px}
.plot text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:var(--ink)}
.plot .tick,.plot .name{fill:var(--soft)}
.plot .mark{font-size:9px;fill:var(--soft)}
.plot .grid{stroke:var(--line)}
.plot .s0{--series:var(--s0)}.plot .s1{--series:var(--s1)}.plot .s2{--series:var(--s2)}
.plot .dot{fill:var(--series);fill-opacity:.35}
.plot .bar,.plot .swatch{fill:var(--series);fill-opacity:.55}
.plot .range{stroke:var(--series);stroke-width:1.5;fill:none}
.plot .stroke{stroke:var(--series);stroke-width:2}
.matrix{width:auto}
.matrix th,.matrix td{border:1px solid var(--line);text-align:center;padding:3px 6px;min-width:36px;overflow-wrap:normal;white-space:nowrap}
.matrix th{text-align:center;font-weight:500}
.matrix tbody th{text-align:right;white-space:nowrap}
.matrix tbody th,.matrix thead tr:first-child th:first-child{position:sticky;left:0;background:var(--card);box-shadow:inset -1px 0 var(--line)}
.matrix .open{background-color:var(--open)}.matrix .shut{background-color:var(--shut);color:var(--soft)}.matrix .bad{background-color:var(--bad);font-weight:700;font-size:11px}
.matrix .unproven{background-image:repeating-linear-gradient(135deg,transparent 0 5px,var(--unknown) 5px 8px)}
.key{display:flex;flex-wrap:wrap;gap:4px 20px;padding:0;margin:0 0 12px;list-style:none;font-size:13px;color:var(--soft)}
@media (max-width:640px){header{padding:16px 12px 0}main{padding:0 12px}dl{grid-template-columns:minmax(0,1fr)}dd+dt{margin-top:6px}figure{overflow-x:auto}.plot{width:720px}
.findings thead{display:none}.findings,.findings tbody,.findings tr,.findings td{display:block}.findings tr{padding:6px 0;border-bottom:1px solid var(--line)}
.findings td{border:0;padding:1px 10px}.findings td:nth-child(-n+2),.findings td:last-child{display:inline-block;white-space:normal}
.findings td:nth-child(2){font-weight:600}.findings td:last-child{color:var(--soft);font-size:13px}}
@media print{.card,figure{break-inside:avoid}}
`;
