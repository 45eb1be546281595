// Words of <pf-viewer>.
import { dictionary } from '../base/i18n.ts';
import type { DropFault } from './dropped.ts';

export const words = /* @__PURE__ */ dictionary(
  {
    title: 'Review a recording',
    drop: 'Drop a recording here: its .json or .json.gz, with its .frames.parquet for every frame. Or a report.',
    choose: 'Choose files',
    another: 'Another recording',
    reading: 'Reading …',
    stays: 'Nothing leaves this page: it asks no network.',
    noFrames: (n: string, isOne: boolean) =>
      `The ${isOne ? 'single frame' : `${n} single frames`} of this recording ${isOne ? 'was' : 'were'} not in what you dropped: drop its .frames.parquet together with it to see ${isOne ? 'it' : 'them'}.`,
    name: 'Recording',
  },
  {
    title: 'Eine Aufzeichnung ansehen',
    drop: 'Lege hier eine Aufzeichnung ab: ihre .json oder .json.gz, dazu ihre .frames.parquet für jedes Bild. Oder einen Bericht.',
    choose: 'Dateien wählen',
    another: 'Andere Aufzeichnung',
    reading: 'Wird gelesen …',
    stays: 'Nichts verlässt diese Seite: Sie fragt kein Netz.',
    noFrames: (n, isOne) =>
      `${isOne ? 'Das eine Bild' : `Die ${n} einzelnen Bilder`} dieser Aufzeichnung ${isOne ? 'war' : 'waren'} nicht dabei: Lege ihre .frames.parquet mit ab, dann ${isOne ? 'ist es' : 'sind sie'} zu sehen.`,
    name: 'Aufzeichnung',
  },
);

export const faults = /* @__PURE__ */ dictionary<
  Record<DropFault, (file: string, reason: string) => string>
>(
  {
    nothing: () => 'There was no file in that.',
    'not-json': (file, reason) => `${file} is no recording: it is not JSON (${reason}).`,
    'too-large': (file) => `${file} unpacks to more than any recording has.`,
    'frames-alone': (file) =>
      `${file} holds frames alone; drop the recording’s .json together with it.`,
    'not-a-recording': (file, reason) =>
      `${file} is no recording${reason === '' ? '' : `: ${reason}`}.`,
  },
  {
    nothing: () => 'Darin war keine Datei.',
    'not-json': (file, reason) => `${file} ist keine Aufzeichnung: kein JSON (${reason}).`,
    'too-large': (file) => `${file} entpackt sich zu mehr, als eine Aufzeichnung hat.`,
    'frames-alone': (file) =>
      `${file} enthält nur Bilder; lege die .json der Aufzeichnung mit dazu.`,
    'not-a-recording': (file, reason) =>
      `${file} ist keine Aufzeichnung${reason === '' ? '' : `: ${reason}`}.`,
  },
);
