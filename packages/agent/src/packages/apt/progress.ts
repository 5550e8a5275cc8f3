/** One step of apt, in percent of the whole run. */
export interface AptProgress {
  readonly percent: number;
  readonly message: string;
}

/** Downloading is taken for the first part of the work, dpkg for the rest. */
const DOWNLOAD_SHARE = 0.4;

const LINE = /^(dlstatus|pmstatus|pmerror|pmconffile):([^:]*(?::[a-z0-9]+)?):(\d+(?:\.\d+)?):(.*)$/;

/**
 * Reads a line of `APT::Status-Fd` (README.progress-reporting of apt); undefined for lines that tell nothing.
 */
export function parseStatusLine(line: string): AptProgress | undefined {
  const [, kind, , percent, message] = LINE.exec(line) ?? [];
  if (kind === undefined || percent === undefined || message === undefined) return undefined;
  const part = Math.min(100, Number(percent));
  const whole =
    kind === 'dlstatus' ? part * DOWNLOAD_SHARE : 100 * DOWNLOAD_SHARE + part * (1 - DOWNLOAD_SHARE);
  return { percent: Math.round(whole), message: message.trim() };
}
