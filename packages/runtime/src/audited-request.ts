import { redactFields } from './logger.ts';

/** Longer texts are keys, certificates and lists: an audit record says how long they were. */
const MAX_TEXT_LENGTH = 256;
const MAX_ITEMS = 100;
const MAX_MEMBERS = 50;
const MAX_DEPTH = 5;

function bounded(value: unknown, depth: number): unknown {
  if (typeof value === 'string')
    return value.length <= MAX_TEXT_LENGTH ? value : `[${value.length} characters]`;
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return '[deep]';
  if (Array.isArray(value)) {
    const items = value.slice(0, MAX_ITEMS).map((item) => bounded(item, depth + 1));
    return value.length > MAX_ITEMS ? [...items, `[${value.length - MAX_ITEMS} more]`] : items;
  }
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(
    members.slice(0, MAX_MEMBERS).map(([name, member]) => [name, bounded(member, depth + 1)]),
  );
}

/** What was asked for, for an audit record: names, versions and options, without secrets, and of bounded size. */
export function auditedRequest(
  request: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const given = Object.entries(request).filter(
    ([, part]) =>
      part !== undefined && !(typeof part === 'object' && part !== null && Object.keys(part).length === 0),
  );
  return redactFields(bounded(Object.fromEntries(given), 0)) as Record<string, unknown>;
}
