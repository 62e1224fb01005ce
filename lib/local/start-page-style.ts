// How the start page looks, in light and in dark.

export const START_PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --ground: light-dark(#fbfaf8, #16181c);
  --panel: light-dark(#fff, #1d2025);
  --line: light-dark(#e4e0d9, #30343c);
  --text: light-dark(#24262b, #e3e5e9);
  --faint: light-dark(#6c6f76, #9aa0aa);
  --accent: light-dark(#a8461b, #f0965f);
  --good: light-dark(#1c7a4a, #5fcf95);
  --bad: light-dark(#b3261e, #ff8a80);
  --busy: light-dark(#1f5fae, #82b4f5);
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
header { display: flex; gap: 1.25rem; align-items: baseline; padding: .9rem 1.5rem; border-bottom: 1px solid var(--line); }
h1 { font-size: 1.15rem; margin: 0; color: var(--accent); letter-spacing: .01em; }
header p { margin: 0; color: var(--faint); flex: 1; }
a { color: var(--accent); }
main { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1.5rem; padding: 1.5rem; align-items: start; }
section { background: var(--panel); border: 1px solid var(--line); border-radius: 10px; padding: 1rem 1.25rem; min-width: 0; overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-weight: 500; color: var(--faint); font-size: .85rem; }
th, td { padding: .35rem .75rem .35rem 0; white-space: nowrap; }
tbody tr { border-top: 1px solid var(--line); }
td:last-child { color: var(--faint); font-variant-numeric: tabular-nums; }
tr[aria-current] a { font-weight: 600; }
h2 { font-size: 1rem; margin: 0 0 .5rem; overflow-wrap: anywhere; }
h3 { font-size: .85rem; margin: 1rem 0 .25rem; color: var(--faint); font-weight: 500; }
a, pre, ol, ul, h2 span:first-child { font-family: ui-monospace, monospace; font-size: .85rem; }
nav a { font-family: inherit; }
pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
ol, ul { list-style: none; margin: .5rem 0; padding: 0; }
ol li { display: grid; grid-template-columns: 2.5rem 1fr auto; gap: .5rem; border-top: 1px solid var(--line); padding: .3rem 0; }
ol li > :first-child, time, ol pre { color: var(--faint); }
ol pre { grid-column: 2 / -1; }
ul li::before { content: "waits for "; color: var(--faint); }
.status { font-size: .8rem; font-weight: 600; color: var(--faint); }
.status::before { content: "● "; }
.succeeded { color: var(--good); }
.failed, .stalled, .timed_out, ol pre.failed { color: var(--bad); }
.running, .pending { color: var(--busy); }
#reason:empty, #fault:empty, #hint:empty { display: none; }
#reason, #fault { color: var(--bad); overflow-wrap: anywhere; }
#hint { color: var(--faint); }
form { display: flex; flex-wrap: wrap; gap: .5rem; align-items: end; margin: .75rem 0; }
form[hidden] { display: none; }
label { font-size: .8rem; color: var(--faint); display: grid; }
input, button { font: inherit; color: var(--text); background: var(--ground); border: 1px solid var(--line); border-radius: 6px; padding: .3rem .6rem; }
button { cursor: pointer; border-color: var(--accent); color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
`;
