// Processes of this machine, told apart: a number alone comes again, in containers always.
import { readFileSync } from 'node:fs';

/** A process, and which of all that ever had its number. */
export interface ProcessMark {
  readonly pid: number;
  readonly startTicks: string | undefined;
  readonly bootId: string | undefined;
}

export interface Processes {
  readonly self: ProcessMark;
  /** Undefined when there is no such process now. */
  find(pid: number): ProcessMark | undefined;
}

/** Of this machine, as /proc tells; elsewhere a pid is all that is known. */
export function systemProcesses(): Processes {
  const bootId = textOf('/proc/sys/kernel/random/boot_id')?.trim();
  const mark = (pid: number): ProcessMark => ({ pid, startTicks: startTicksOf(pid), bootId });
  return {
    self: mark(process.pid),
    find(pid) {
      try {
        process.kill(pid, 0);
      } catch (error) {
        // EPERM: it lives and is another user's.
        if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) {
          return undefined;
        }
      }
      return mark(pid);
    },
  };
}

/** When this process began, by the wall clock of now; undefined where there is no /proc. */
export function processStartedUnixMs(nowUnixMs: number): number | undefined {
  const ticks = Number(startTicksOf(process.pid));
  const upSeconds = Number.parseFloat(textOf('/proc/uptime') ?? '');
  const startedMs = nowUnixMs - 1000 * (upSeconds - ticks / TICKS_PER_SECOND);
  return Number.isFinite(startedMs) ? Math.round(startedMs) : undefined;
}

/** Field 22 of /proc/<pid>/stat; the name in field 2 may hold spaces and brackets. */
function startTicksOf(pid: number): string | undefined {
  const stat = textOf(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** Of every Linux, whatever its kernel ticks with. */
const TICKS_PER_SECOND = 100;
