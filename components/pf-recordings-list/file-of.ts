// A recording in a format: the host's own files, or what the page makes of them.
import type { CaptureMeta } from '../../contract/stats.ts';
import type { StatsApi } from '../base/stats-api.ts';
import type { FileFormat } from './row-panel.ts';

/** What this API and this recording have to offer. */
export function formatsOf({ frame_count = 0 }: CaptureMeta, api: StatsApi): readonly FileFormat[] {
  return frame_count > 0 && api.recordingFrames !== undefined
    ? ['json', 'json.gz', 'parquet', 'csv', 'trace']
    : ['json', 'json.gz', 'trace'];
}

export async function fileOf(
  api: StatsApi,
  { id, frame_count = 0 }: CaptureMeta,
  format: FileFormat,
  signal: AbortSignal,
): Promise<Blob> {
  const frames = async () => (frame_count > 0 ? api.recordingFrames?.(id, signal) : undefined);
  switch (format) {
    case 'json':
      return api.recordingFile(id, signal);
    case 'json.gz': {
      const { packed } = await import('./exports.ts');
      return packed(await api.recordingFile(id, signal));
    }
    case 'parquet':
      return new Blob([(await frames()) ?? ''], { type: 'application/vnd.apache.parquet' });
    case 'csv':
    case 'trace': {
      const { written } = await import('./exports.ts');
      return written(format, await api.recording(id, signal), await frames(), signal);
    }
  }
}
