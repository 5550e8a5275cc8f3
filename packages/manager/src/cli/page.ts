import type { Command } from 'commander';
import { offset, pageSize } from './arguments.ts';

/** Which part of a listing. */
export interface Page {
  readonly limit?: number;
  readonly offset?: number;
}

/** A page as the query of a route. */
export function pageQuery({ limit, offset }: Page) {
  return { limit: limit?.toString(), offset: offset?.toString() };
}

/** Says how much of a listing is shown, when that is not all. */
export function describePage(shown: number, total: number, { offset: before = 0 }: Page): string[] {
  if (shown === total) return [];
  if (shown === 0) return [`There are ${total}; --offset ${before} is behind the last.`];
  const rest = before + shown < total ? `; --offset ${before + shown} shows what follows` : '';
  return [`${before + 1} to ${before + shown} of ${total}${rest}.`];
}

/** A command whose listing comes in pages. */
export function paged(command: Command): Command {
  return command
    .option('--limit <count>', 'how many entries (default: 100)', pageSize)
    .option('--offset <count>', 'how many come before', offset);
}
