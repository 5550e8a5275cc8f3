import type { z } from 'zod';
import { didYouMean } from './suggestion.ts';

/** What `messageOfIssue` says of a value that is not there; the reader of a configuration tells such faults apart by it. */
export const REQUIRED = 'is required';

const NOUNS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a map of keys',
  array: 'a list',
  null: 'empty',
};

function nounOf(input: unknown): string {
  if (input === null || input === undefined) return 'empty';
  if (Array.isArray(input)) return 'a list';
  if (typeof input === 'number') return Number.isInteger(input) ? 'a number' : 'a fraction';
  return NOUNS[typeof input] ?? typeof input;
}

function bound(origin: string, word: string, limit: number | bigint): string {
  if (origin === 'string') return `must have ${word} ${limit} characters`;
  return origin === 'array' ? `must have ${word} ${limit} entries` : `must be ${word} ${limit}`;
}

/**
 * What is wrong with a value, in words for the person who wrote the file. Values are never repeated: one of them may
 * be a secret.
 */
export function messageOfIssue(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_type') {
    if (issue.input === undefined) return REQUIRED;
    const hint = issue.expected === 'string' && typeof issue.input !== 'object' ? '; put it in quotes' : '';
    return `must be ${NOUNS[issue.expected] ?? issue.expected}, not ${nounOf(issue.input)}${hint}`;
  }
  if (issue.code === 'too_small') {
    if (issue.minimum === 1 && issue.origin !== 'number') return 'must not be empty';
    return bound(issue.origin, 'at least', issue.minimum);
  }
  if (issue.code === 'too_big') return bound(issue.origin, 'at most', issue.maximum);
  if (issue.code === 'invalid_value') {
    const values = issue.values.map(String);
    const near = typeof issue.input === 'string' ? didYouMean(issue.input, values) : '';
    return values.length === 1 ? `must be ${values[0]}` : `must be one of ${values.join(', ')}${near}`;
  }
  return undefined;
}
