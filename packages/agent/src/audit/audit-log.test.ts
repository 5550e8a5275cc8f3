import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { DAY_MS } from '@linux-patch/contract';
import type { Files } from '@linux-patch/runtime';
import { systemFiles } from '@linux-patch/runtime/node';
import { ManualClock, memoryLogger, temporaryFolder } from '@linux-patch/runtime/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type AuditLog, openAuditLog } from './audit-log.ts';

/** Here the names of events do not matter. */
type AnyAuditLog = Omit<AuditLog, 'record'> & { record(event: string, details?: object): void };

async function world(files: Files = systemFiles) {
  const folder = await temporaryFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const path = join(folder.path, 'log', 'audit.log');
  const clock = new ManualClock();
  const logger = memoryLogger();
  const open = (): AnyAuditLog => openAuditLog({ path, files, clock, logger, retentionMs: 30 * DAY_MS });
  return { folder, path, clock, logger, open, lines: () => readFileSync(path, 'utf8').trim().split('\n') };
}

/** What is wrong in the lines of a file, as somebody who has nothing but the file can see it. */
function faultsOf(text: string, before?: string): string[] {
  let expected = before;
  return text.split('\n').flatMap((line, index) => {
    if (line === '') return [];
    let record: { readonly seq: number; readonly prev: string };
    try {
      record = JSON.parse(line) as typeof record;
    } catch {
      return [`line ${index + 1} is not a complete record`];
    }
    const fits = expected === undefined || record.prev === expected;
    expected = createHash('sha256').update(line).digest('hex');
    return fits ? [] : [`line ${index + 1} (seq ${record.seq}) does not continue the line before it`];
  });
}

describe('the audit log', () => {
  it('chains every line to the one before it, over a restart too', async () => {
    const { path, open, lines } = await world();
    {
      await using audit = open();
      audit.record('started', { version: '1.2.0' });
      audit.record('connection_refused', { address: '192.0.2.1' });
    }
    await using audit = open();
    audit.record('stopped');
    await audit.flush();
    expect(lines().map((line) => JSON.parse(line).seq)).toEqual([1, 2, 3]);
    expect(faultsOf(readFileSync(path, 'utf8'), '0'.repeat(64))).toEqual([]);
    expect(statSync(path).mode & 0o777).toBe(0o640);
  });

  it('tells of each record elsewhere as well, without secrets, also of one that the disk does not take', async () => {
    const { path, clock, logger } = await world();
    const copies = memoryLogger();
    const files: Files = { ...systemFiles, append: () => Promise.reject(new Error('no space')) };
    const audit: AnyAuditLog = openAuditLog({ path, files, clock, logger, copies, retentionMs: DAY_MS });
    audit.record('started', { version: '1.2.0', token: 'lpmt_1' });
    await audit.flush();
    expect(copies.records).toMatchObject([
      { message: 'audit', fields: { event: 'started', details: { version: '1.2.0', token: '[redacted]' } } },
    ]);
  });

  it('shows a line that was changed or taken out', async () => {
    const { open, lines } = await world();
    await using audit = open();
    for (const name of ['a', 'b', 'c']) audit.record('api_call', { name });
    await audit.flush();
    const [first, second, third] = lines();
    expect(faultsOf([first, third].join('\n'))).toHaveLength(1);
    expect(faultsOf([first, second!.replace('"b"', '"x"'), third].join('\n'))).toHaveLength(1);
  });

  it('goes on after a line that a power cut tore, and the tear stays visible', async () => {
    const { path, open } = await world();
    {
      await using audit = open();
      audit.record('one');
    }
    await systemFiles.append(path, '{"timestamp":"2026-', { mode: 0o640, sync: false });
    await using audit = open();
    audit.record('two');
    await audit.flush();
    expect(faultsOf(readFileSync(path, 'utf8'))).toEqual(['line 2 is not a complete record']);
  });

  it('compresses each finished day, continues the chain, and removes what is too old', async () => {
    const { path, folder, clock, open } = await world();
    const audit = open();
    audit.record('monday');
    await audit.flush();
    await clock.advance(DAY_MS);
    audit.record('tuesday');
    await audit[Symbol.asyncDispose]();
    const names = readdirSync(join(folder.path, 'log'));
    expect(names).toEqual(['audit.log', 'audit.log.2026-11-23.gz']);
    const monday = gunzipSync(readFileSync(join(folder.path, 'log', names[1]!))).toString();
    expect(monday).toContain('"monday"');
    expect(faultsOf(monday + readFileSync(path, 'utf8'))).toEqual([]);
    await clock.advance(40 * DAY_MS);
    await using later = open();
    later.record('january');
    await later.flush();
    expect(readdirSync(join(folder.path, 'log'))).toEqual(['audit.log']);
  });

  it('survives a full disk with one warning and says how many records were lost', async () => {
    let full = true;
    const files: Files = {
      ...systemFiles,
      append: (...args) =>
        full
          ? Promise.reject(Object.assign(new Error('no space'), { code: 'ENOSPC' }))
          : systemFiles.append(...args),
    };
    const { open, logger, lines } = await world(files);
    await using audit = open();
    audit.record('a');
    await audit.flush();
    audit.record('b');
    await audit.flush();
    full = false;
    audit.record('c');
    await audit.flush();
    expect(logger.records.filter((record) => record.level === 'warn')).toHaveLength(1);
    expect(lines().map((line) => JSON.parse(line).event)).toEqual(['audit_records_lost', 'c']);
    expect(JSON.parse(lines()[0]!).details).toEqual({ lost: 2 });
  });

  it('never writes a secret', async () => {
    const { open, path } = await world();
    await using audit = open();
    audit.record('enrolled', { polling_token: 's3cret', nested: { host_code: 's3cret' } });
    await audit.flush();
    expect(readFileSync(path, 'utf8')).not.toContain('s3cret');
  });
});
