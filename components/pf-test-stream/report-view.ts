// What the independent receiver of a test stream saw, as tables. Says no more than the report does.
import { html, nothing, type TemplateResult } from 'lit';
import type { TestStreamReport } from '../../contract/test-streams.ts';
import { DASH, type Format } from '../base/format.ts';
import { stageName } from '../base/strings.ts';
import { words } from './strings.ts';

export function reportTables(
  report: TestStreamReport,
  f: Format,
  isScript: boolean,
): TemplateResult {
  const t = words[f.language];
  const rows: (readonly [string, string])[] = [
    [t.framesArrived, t.ofSent(f.count(report.frames_received), f.count(report.frames_sent))],
    [t.recovered, f.count(report.frames_recovered)],
    [t.lost, f.count(report.frames_lost)],
    [t.packetsLost, t.ofSent(f.count(report.packets_lost), f.count(report.packets_sent))],
    [t.packetsRecovered, f.count(report.packets_recovered)],
    [t.repeated, f.count(report.frames_repeated)],
    [t.skipped, f.count(report.source_skipped)],
    [t.keyFrames, f.count(report.key_frames)],
    [t.received, f.unit(f.tenth(report.bytes / 1e6), 'MB')],
  ];
  const stages = Object.entries(report.stages);
  return html`<div class="tables" part="report" role="group" aria-label=${t.report}>
    <div><p class="verdict" role="status">${verdictOf(report, f, isScript)}</p>
      <p class="note">${report.source} · ${report.mode} · ${report.codec} · ${f.unit(f.tenth(report.seconds), 's')}</p>
      ${report.problems === undefined ? nothing : html`<ul class="problems">${report.problems.map((p) => html`<li>${p}</li>`)}</ul>`}
    </div>
    ${
      stages.length === 0
        ? nothing
        : html`<table><thead><tr><th scope="col">${t.stageMs}</th><th scope="col">p50</th><th scope="col">p99</th></tr></thead>
      <tbody>${stages.map(
        ([name, q]) =>
          html`<tr><th scope="row">${stageName(name, f.language)}</th><td>${f.ms(q.p50_us / 1000)}</td><td>${f.ms(q.p99_us / 1000)}</td></tr>`,
      )}</tbody></table>`
    }
    <dl>${rows.filter(([, value]) => value !== DASH).map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
  </div>`;
}

function verdictOf(report: TestStreamReport, f: Format, isScript: boolean): string {
  const t = words[f.language];
  if (!report.ok) return t.notOk;
  // Of a script lost frames are no problem: it may have lost them on purpose.
  if (isScript && report.frames_lost > 0) return t.okScript(f.count(report.frames_lost));
  const repaired = report.frames_recovered;
  return repaired > 0 ? t.okRepaired(f.count(repaired)) : t.ok;
}
