import { expect, it } from 'vitest';
import type { FileFacts } from './files.ts';
import { permissionAdvice } from './permission.ts';

const filesOf = (uid: number, ownerOfFolder?: number) => ({
  readText: async () => `Name:\tnode\nUid:\t0\t${uid}\t0\t0\n`,
  facts: async () => (ownerOfFolder === undefined ? undefined : ({ uid: ownerOfFolder } as FileFacts)),
});

const denied = Object.assign(new Error('EACCES: permission denied, lstat /var/lib/x'), {
  code: 'EACCES',
  path: '/var/lib/x',
});
const ROOT_WORDS = 'You may not use /var/lib/x. This command is for root: sudo linux-patch-x …';

it.each([
  ['is told to be root', 1000, denied],
  ['also when the refusal is the cause of another failure', 1000, new Error('no status', { cause: denied })],
])('an ordinary user who is refused %s', async (_name, uid, error) => {
  expect(await permissionAdvice(filesOf(uid), error, 'linux-patch-x')).toBe(ROOT_WORDS);
  expect(await permissionAdvice(filesOf(uid, 0), error, 'linux-patch-x', '/var/lib/x')).toBe(ROOT_WORDS);
});

it('the own user of a program is told how to be given what is refused', async () => {
  expect(await permissionAdvice(filesOf(990, 990), denied, 'linux-patch-x', '/var/lib/own')).toBe(
    'The user as whom this runs may not use /var/lib/x. Give it to that user, as root: chown --reference=/var/lib/own /var/lib/x',
  );
});

it.each([
  ['root', 0, denied],
  ['a failure of another kind', 1000, Object.assign(new Error('no space'), { code: 'ENOSPC' })],
  ['what is no error', 1000, 'EACCES'],
])('%s gets no such advice', async (_name, uid, error) => {
  expect(await permissionAdvice(filesOf(uid), error, 'linux-patch-x')).toBeUndefined();
});

it('causes in a circle end', async () => {
  const circle = new Error('a');
  circle.cause = circle;
  expect(await permissionAdvice(filesOf(1000), circle, 'linux-patch-x')).toBeUndefined();
});
