import { MAX_JOIN_TOKEN_SECONDS } from '@linux-patch/contract';
import { InvalidArgumentError } from 'commander';

/** A TCP port. */
export function port(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > 65_535)
    throw new InvalidArgumentError('a port is a number from 1 to 65535.');
  return number;
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { m: 60, h: 3_600, d: 86_400 };

/** A time such as `24h`, in seconds. */
export function duration(text: string): number {
  const [, amount, unit = ''] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  const seconds = Number(amount) * (UNIT_SECONDS[unit] ?? Number.NaN);
  if (!(seconds >= 60 && seconds <= MAX_JOIN_TOKEN_SECONDS))
    throw new InvalidArgumentError('a time is a number with m, h or d, from 1m to 90d, for example 24h.');
  return seconds;
}

/** How many hosts. */
export function count(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > 10_000)
    throw new InvalidArgumentError('a number of hosts is from 1 to 10000.');
  return number;
}

/** A number of days. */
export function days(text: string): number {
  const number = Number(text);
  if (!Number.isFinite(number) || number < 0) throw new InvalidArgumentError('give a number of days.');
  return number;
}

/** An option that may be repeated. */
export function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
