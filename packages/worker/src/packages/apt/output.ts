import type { CommandResult } from '@linux-patch/runtime';
import type { Progress } from '../adapter.ts';
import { listed } from './refusal.ts';

/** Downloading is taken for the first part of the work, dpkg for the rest. */
const DOWNLOAD_SHARE = 0.4;

const LINE = /^(dlstatus|pmstatus|pmerror|pmconffile):([^:]*(?::[a-z0-9]+)?):(\d+(?:\.\d+)?):(.*)$/;

/**
 * Reads a line of `APT::Status-Fd` (README.progress-reporting of apt); undefined for lines that tell nothing.
 */
export function parseStatusLine(line: string): Progress | undefined {
  const [, kind, , percent, message] = LINE.exec(line) ?? [];
  if (kind === undefined || percent === undefined || message === undefined) return undefined;
  const part = Math.min(100, Number(percent));
  const whole =
    kind === 'dlstatus' ? part * DOWNLOAD_SHARE : 100 * DOWNLOAD_SHARE + part * (1 - DOWNLOAD_SHARE);
  return { percent: Math.round(whole), message: message.trim() };
}

const NOT_FETCHED = /^E: Failed to fetch (\S+) +(.*)$/;

/**
 * Why packages were not downloaded while others went in (`--fix-missing` of apt-get(8)). What apt does not name lacks
 * one that it names.
 */
export function readNotDownloaded({ stderr }: CommandResult): (name: string) => string | undefined {
  const failed = stderr.split('\n').flatMap((line) => {
    const [, url, why = ''] = NOT_FETCHED.exec(line) ?? [];
    return url === undefined
      ? []
      : [{ file: url.split('/').at(-1) ?? '', why: why.replace(/ *\[IP: .*\]/, '') }];
  });
  return (name) => {
    const own = failed.find(({ file }) => file.startsWith(`${name.split(':')[0]}_`)) ?? failed[0];
    return own?.why;
  };
}

/** Packages that apt refused to install because no trusted source has them. */
export function readUntrusted({ stdout }: CommandResult): string[] {
  const lines = stdout.split('\n');
  const at = lines.findIndex((line) => line.endsWith('packages cannot be authenticated!'));
  return at < 0 ? [] : listed(lines.slice(at + 1));
}
