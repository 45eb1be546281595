// The mode as people write it: 1920x1080@60. Says nothing about whether a host can do it; the host does.

export interface Mode {
  readonly width: number;
  readonly height: number;
  readonly fps: number;
}

/** Undefined when it is not a mode. */
export function parseMode(text: string): Mode | undefined {
  const found = /^\s*(\d{1,5})\s*[x×*]\s*(\d{1,5})\s*@\s*(\d{1,4})\s*$/i.exec(text);
  if (found === null) return undefined;
  return { width: Number(found[1]), height: Number(found[2]), fps: Number(found[3]) };
}

export const COMMON_MODES = [
  '1280x720@60',
  '1920x1080@60',
  '1920x1080@120',
  '1280x800@90',
  '2560x1440@60',
  '3840x2160@60',
];
