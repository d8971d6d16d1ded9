/** The page's style: fonts of the system, light and dark as the reader's machine is. */
export const STYLE = `
:root{color-scheme:light dark;--ground:#f7f6f2;--panel:#fff;--ink:#1c2230;--soft:#697080;--rule:#e3e1da;--blue:#2c5aa0;--blue-1:#dbe6f6;--blue-2:#c3d5ef;
--amber:#b96f00;--amber-1:#fbe6bd;--amber-2:#f5d596;--red:#bf2d3a;--red-1:#fbe4e4;--green:#23744a;--green-1:#dff1e6;--violet:#7446a8;--teal:#0f7c83;--grey:#cfd2d8;--shadow:0 1px 2px rgba(28,34,48,.06),0 6px 20px rgba(28,34,48,.05)}
@media (prefers-color-scheme:dark){:root{--ground:#12151b;--panel:#191e26;--ink:#e7eaf0;--soft:#97a0b0;--rule:#2a313d;--blue:#82aef5;--blue-1:#22385a;--blue-2:#2d4a77;
--amber:#f2b441;--amber-1:#4a3815;--amber-2:#5f4719;--red:#ff7a80;--red-1:#43222a;--green:#6fd39b;--green-1:#1c3a2b;--violet:#c39bf2;--teal:#5fcfd6;--grey:#3a4250;--shadow:none}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif}
main{max-width:1160px;margin:0 auto;padding:40px 24px 72px}
h1{font-size:27px;line-height:1.3;font-weight:650;letter-spacing:-.01em;margin:14px 0 10px;max-width:56rem;text-wrap:balance;overflow-wrap:anywhere}
h2{font-size:17px;font-weight:650;margin:0 0 4px}
p{margin:0 0 8px}.soft,.note{color:var(--soft)}.note{font-size:13.5px;margin-bottom:14px;max-width:60rem}
.pill{display:inline-block;font-size:13px;font-weight:700;letter-spacing:.08em;padding:4px 12px;border-radius:99px;text-transform:uppercase}
.valid{color:var(--green);background:var(--green-1)}.violated{color:var(--red);background:var(--red-1)}.unknown{color:var(--amber);background:var(--amber-1)}
code,pre,.log{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:13px}
.command{display:block;background:var(--panel);border:1px solid var(--rule);border-radius:8px;padding:9px 14px;margin-top:14px;overflow-x:auto;white-space:pre}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(112px,1fr));gap:10px;margin:26px 0}
.figures div{background:var(--panel);border:1px solid var(--rule);border-radius:10px;padding:11px 12px;box-shadow:var(--shadow)}
.figures b{display:block;font-size:20px;font-weight:650;font-variant-numeric:tabular-nums;white-space:nowrap}.figures span{color:var(--soft);font-size:13px}
section{background:var(--panel);border:1px solid var(--rule);border-radius:12px;padding:20px 22px 16px;margin-top:18px;box-shadow:var(--shadow);overflow-x:auto}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(430px,1fr));gap:18px;align-items:start}.pair section{min-width:0}
svg{display:block;width:100%;height:auto;min-width:640px;font:11.5px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}.pair svg{min-width:0}
.grid{stroke:var(--rule);stroke-width:1}.tick{fill:var(--soft)}.name{fill:var(--ink)}.peer{fill:var(--ink);font-weight:650;font-size:13px}.peer.accused{fill:var(--red)}
.round{fill:var(--ink);opacity:.75;font-variant-numeric:tabular-nums}.bar.smooth.odd{fill:var(--blue-1)}.bar.smooth.even{fill:var(--blue-2)}.bar.late.odd{fill:var(--amber-1)}.bar.late.even{fill:var(--amber-2)}
.bar.open{fill:none;stroke:var(--soft);stroke-dasharray:3 3}.bar.skip{fill:url(#hatch)}.skip-ground{fill:var(--rule)}.skip-line{fill:var(--grey)}.decided{stroke:var(--blue);stroke-width:1.4;opacity:.7}.view{fill:var(--amber)}
.fault{fill:var(--violet);opacity:.55}.heal{stroke:var(--green);stroke-width:1.3;stroke-dasharray:5 4}.heal-text{fill:var(--green)}.broken{stroke:var(--red);stroke-width:1.8}.broken-text{fill:var(--red);font-weight:650}
.lane{stroke:var(--grey);stroke-width:1.6}.lane.liar{stroke:var(--red);stroke-dasharray:2 4}.tick.liar{fill:var(--red)}.arrow{stroke-width:1.25;opacity:.85}.late-arrow{stroke-dasharray:4 4}.tip{fill:context-stroke}
.lost line,.lost path{stroke:var(--red);fill:none;stroke-width:1.3}.kind{font-size:10.5px;paint-order:stroke;stroke:var(--panel);stroke-width:3px}
.k0{stroke:var(--violet)}.k1{stroke:var(--blue)}.k2{stroke:var(--teal)}.k3{stroke:var(--green)}.k4{stroke:var(--amber)}.k5{stroke:var(--soft)}
.k0-text{fill:var(--violet)}.k1-text{fill:var(--blue)}.k2-text{fill:var(--teal)}.k3-text{fill:var(--green)}.k4-text{fill:var(--amber)}.k5-text{fill:var(--soft)}
.mark{fill:var(--panel);stroke:var(--ink);stroke-width:1.8}.mark-decided{stroke:var(--blue)}.mark-certified{fill:var(--green);stroke:var(--green)}.mark-view{stroke:var(--amber)}.mark-evidence,.mark-diverged,.mark-halt{fill:var(--red);stroke:var(--red)}.mark-down{stroke:var(--red)}
.line{fill:none;stroke:var(--blue);stroke-width:2.2;stroke-linejoin:round}.line.soft{opacity:.45;stroke-width:1.5}.area{fill:var(--blue);opacity:.5}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}th{text-align:left;font-weight:500}thead th{color:var(--soft);font-size:13px}td,th{padding:4px 10px 4px 0;border-bottom:1px solid var(--rule);vertical-align:top}tr:last-child td,tr:last-child th{border-bottom:0}
.bytes td{white-space:nowrap}.meter{width:40%;vertical-align:middle}.meter span{display:block;height:9px;border-radius:3px;background:var(--blue);opacity:.6;min-width:1px}
.log td:first-child{color:var(--soft);white-space:nowrap;text-align:right;width:1%}.never{color:var(--amber);font-weight:600}
.key{display:flex;flex-wrap:wrap;gap:4px 18px;color:var(--soft);font-size:13px;margin:10px 0 2px}.key i{display:inline-block;width:20px;height:10px;border-radius:2px;margin-right:6px;vertical-align:-1px}.key .dot{width:10px;border-radius:99px}
.i-smooth{background:var(--blue-2)}.i-late{background:var(--amber-2)}.i-skip{background:var(--grey)}.i-fault{background:var(--violet);opacity:.55}.i-view{background:var(--amber)}.i-decided{background:var(--blue)}.i-certified{background:var(--green)}.i-lost,.i-proof{background:var(--red)}
summary{cursor:pointer;font-weight:650;font-size:17px}details pre{margin:12px 0 0;overflow:auto;max-height:520px}
@media (max-width:640px){main{padding:24px 14px 48px}h1{font-size:22px}.pair{grid-template-columns:1fr}}
@media print{body{background:#fff}section,.figures div{box-shadow:none;break-inside:avoid}}
`.trim()
