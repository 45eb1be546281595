// `trial` (hidden): opens one source or encoder for a few frames in this process and prints what a frame cost, as
// JSON. `doctor` runs it as a child, so that a driver's crash costs a line and not the host.
import { Engine } from '../engine/engine.ts';
import { engineFile } from '../engine/location.ts';
import { TrialResult } from '../engine/messages.ts';
import { openNativeEngine } from '../engine/native-transport.ts';
import { AppError, reasonOf } from '../errors.ts';
import { type Command, exitCode, numberFlag, textFlag, UsageError } from './command.ts';
import { configure } from './setup.ts';

export const trial: Command = {
  name: 'trial',
  summary: 'try one source or encoder in this process',
  hidden: true,
  options: {
    kind: { value: 'KIND', doc: 'source or encoder.' },
    name: { value: 'NAME', doc: 'Which.' },
    width: { value: 'PX', doc: 'Width (1280).' },
    height: { value: 'PX', doc: 'Height (720).' },
    fps: { value: 'HZ', doc: 'Frames a second (60).' },
    frames: { value: 'N', doc: 'Frames to run (30).' },
  },
  async run(flags, context) {
    const { log } = configure({}, context, { quiet: true });
    const kind = textFlag(flags, 'kind');
    const name = textFlag(flags, 'name');
    if ((kind !== 'source' && kind !== 'encoder') || name === undefined) {
      throw new UsageError('--kind (source or encoder) and --name are needed');
    }
    const number = (flag: string, otherwise: number): number =>
      numberFlag(flags, flag, { least: 1, most: 100_000, otherwise });
    const engine = new Engine(await openNativeEngine(engineFile(context.env)), log.child('engine'));
    try {
      const { op } = engine.call('trial', {
        kind,
        name,
        width: number('width', 1280),
        height: number('height', 720),
        fps: number('fps', 60),
        frames: number('frames', 30),
      });
      const result = engine.parse<TrialResult>(TrialResult, await engine.done(op), 'trial result');
      context.out(`${JSON.stringify(result)}\n`);
      return exitCode.ok;
    } catch (error) {
      const code = error instanceof AppError ? error.code : 'internal';
      context.out(`${JSON.stringify({ error: reasonOf(error), code })}\n`);
      return exitCode.problem;
    } finally {
      await engine.close();
    }
  },
};
