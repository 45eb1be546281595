// The viewer's page, and every report: reviews the recording that was put into it, else the one that is dropped on it.
// Asks no network; its policy forbids it.
import { supported } from '../base/i18n.ts';
import { captureIn, type Dropped } from '../pf-viewer/dropped.ts';
import { PfViewer } from '../pf-viewer/pf-viewer.ts';
import { reportIn } from './report-file.ts';

document.documentElement.lang =
  navigator.languages.map(supported).find((language) => language !== undefined) ?? 'en';
const viewer = new PfViewer();
const main = document.createElement('main');
main.append(viewer);
document.body.append(main);
document.addEventListener('keydown', (event) => {
  if (event.target === document.body) viewer.pressed(event);
});
const shown = await ownRecording();
if (shown !== undefined) {
  viewer.shown = shown;
  viewer.report = true;
  document.title = `${shown.capture.meta.name ?? shown.capture.meta.id} · punktfunk`;
}

async function ownRecording(): Promise<Dropped | undefined> {
  const report = await reportIn(document);
  if (report === undefined) return undefined;
  return { capture: captureIn(report.text, location.pathname), frames: report.frames };
}
