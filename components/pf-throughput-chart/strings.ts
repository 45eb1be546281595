// Words of <pf-throughput-chart>.
import { dictionary } from '../base/i18n.ts';

export const words = /* @__PURE__ */ dictionary(
  {
    heading: 'Throughput',
    frames: 'Frames',
    perSecond: 'per s',
    bitrate: 'Bitrate',
    fresh: 'New',
    repeat: 'Repeat',
    target: 'Target',
    sent: 'Sent',
    framesLabel: 'Frames per second, new and repeated',
    bitrateLabel: 'Megabits per second, sent and target',
    summary: (length: string, windows: string) =>
      `Throughput, ${length}: new and repeated frames per second, bitrate sent. Windows with repeats: ${windows}.`,
  },
  {
    heading: 'Durchsatz',
    frames: 'Bilder',
    perSecond: 'je s',
    bitrate: 'Bitrate',
    fresh: 'Neu',
    repeat: 'Wiederholt',
    target: 'Ziel',
    sent: 'Gesendet',
    framesLabel: 'Bilder je Sekunde, neue und wiederholte',
    bitrateLabel: 'Megabit je Sekunde, gesendet und Ziel',
    summary: (length, windows) =>
      `Durchsatz, ${length}: neue und wiederholte Bilder je Sekunde, gesendete Bitrate. Fenster mit Wiederholungen: ${windows}.`,
  },
);
