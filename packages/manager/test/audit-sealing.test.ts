import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { DAY_MS, type ManagerAuditEvent } from '@linux-patch/contract';
import { systemFiles } from '@linux-patch/runtime/node';
import { ManualClock, temporaryFolder } from '@linux-patch/runtime/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAuditLog } from '../src/audit/audit-log.ts';
import { type Sealing, sealOldRecords } from '../src/audit/seal.ts';
import { unpackRecords } from '../src/audit/sealed-file.ts';
import { followChain, verifyAudit } from '../src/audit/verify.ts';
import type { OpenDatabase } from '../src/database/open.ts';
import { openTestDatabase } from './test-database.ts';

const { signal } = new AbortController();
let clock: ManualClock;
let database: OpenDatabase;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let sealing: Sealing;
beforeEach(async () => {
  clock = new ManualClock();
  database = await openTestDatabase();
  folder = await temporaryFolder();
  const audit = createAuditLog({ clock });
  const place = join(folder.path, 'audit');
  const { db } = database;
  sealing = { db, reads: db, audit, clock, files: systemFiles, folder: place, retentionDays: 730 };
});
afterEach(async () => {
  await database[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

async function record(count: number): Promise<void> {
  for (let number = 0; number < count; number += 1) {
    const event = 'host_changed' as ManagerAuditEvent;
    await sealing.audit.record(database.db, { actor: 'person:ada', event, fields: { number } });
  }
}

const seal = () => sealOldRecords(sealing, signal);
const verify = (contains?: string) => verifyAudit(database.db, { contains, signal });
const rows = () => database.db.selectFrom('audit').selectAll().orderBy('seq').execute();
const sealedFiles = () => readdir(sealing.folder).catch(() => []);
const onlyFile = async () => {
  const names = await sealedFiles();
  expect(names).toEqual([expect.stringMatching(/^audit-000000001-[0-9a-f]{12}\.jsonl\.gz$/)]);
  return join(sealing.folder, names[0] ?? '');
};

/** Ten records of then, three of now. */
async function twoYearsLater(): Promise<void> {
  await record(10);
  await clock.advance(761 * DAY_MS);
  await record(3);
}

describe('records of the audit log that are older than the retention', () => {
  it('are moved into a file that only its owner reads, and the log goes on from them', async () => {
    await twoYearsLater();
    const before = await rows();
    await seal();
    expect((await rows()).map(({ seq }) => seq)).toEqual([11, 12, 13, 14]);
    const path = await onlyFile();
    expect([
      (await sealing.files.facts(path))?.mode,
      (await sealing.files.facts(sealing.folder))?.mode,
    ]).toEqual([0o600, 0o700]);
    expect(await unpackRecords(await readFile(path), path)).toEqual(before.slice(0, 10));
    expect(JSON.parse((await rows()).at(-1)?.fields ?? '')).toMatchObject({
      file: basename(path),
      first_seq: 1,
      last_seq: 10,
      records: 10,
      last_hash: before[9]?.hash,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(await verify()).toMatchObject({ records: 4, fault: null, sealed_to: 10 });
  });

  it('stay for a month more, so that a file is not made each hour', async () => {
    await record(10);
    await clock.advance(759 * DAY_MS);
    await seal();
    expect(await sealedFiles()).toEqual([]);
    expect(await rows()).toHaveLength(10);
  });

  it('go on as one chain over several files', async () => {
    await twoYearsLater();
    await seal();
    await clock.advance(800 * DAY_MS);
    await record(2);
    await seal();
    expect((await sealedFiles()).map((name) => name.slice(0, 15))).toEqual([
      'audit-000000001',
      'audit-000000011',
    ]);
    const all = await Promise.all(
      (await sealedFiles()).map(async (name) =>
        unpackRecords(await readFile(join(sealing.folder, name)), name),
      ),
    );
    const chain = await followChain([...all.flat(), ...(await rows())]);
    expect(chain).toMatchObject({ fault: null, records: 17, first: { seq: 1 } });
    expect(await verify()).toMatchObject({ fault: null, sealed_to: 14 });
  });

  it('stay in the log when the file cannot be written, and are sealed once it can', async () => {
    await twoYearsLater();
    await mkdir(folder.path, { recursive: true });
    await writeFile(sealing.folder, 'in the way');
    await expect(seal()).rejects.toThrow(/EEXIST|ENOTDIR/);
    expect(await rows()).toHaveLength(13);
    await sealing.files.remove(sealing.folder);
    await seal();
    expect(await verify()).toMatchObject({ records: 4, fault: null, sealed_to: 10 });
  });

  it('are written again after a crash between file and database, and are in one file', async () => {
    await twoYearsLater();
    const refused = {
      ...sealing,
      audit: { ...sealing.audit, record: () => Promise.reject(new Error('no')) },
    };
    await expect(sealOldRecords(refused, signal)).rejects.toThrow('no');
    await writeFile(await onlyFile(), 'half a fi');
    expect(await rows()).toHaveLength(13);
    await seal();
    const path = await onlyFile();
    expect(await unpackRecords(await readFile(path), path)).toHaveLength(10);
  });

  it('leave the file of another manager as it is', async () => {
    const other = join(sealing.folder, 'audit-000000001-0123456789ab.jsonl.gz');
    await mkdir(sealing.folder);
    await writeFile(other, 'of somebody else');
    await twoYearsLater();
    await seal();
    expect(await sealedFiles()).toHaveLength(2);
    expect(await readFile(other, 'utf8')).toBe('of somebody else');
  });

  it('are the only ones that the database lets go', async () => {
    await twoYearsLater();
    await seal();
    await expect(database.db.deleteFrom('audit').where('seq', '=', 11).execute()).rejects.toThrow(
      'append-only',
    );
    expect(await rows()).toHaveLength(4);
  });

  it('that are gone without a file that the log names are a fault at the first that is left', async () => {
    await record(5);
    await database.db.insertInto('settings').values({ name: 'audit_sealed_to', value: '3' }).execute();
    await database.db.deleteFrom('audit').where('seq', '<=', 3).execute();
    expect(await verify()).toMatchObject({
      fault: { seq: 4, why: expect.stringContaining('are missing') },
      sealed_to: 3,
    });
  });
});

describe('a file of sealed records', () => {
  const sealed = async (change: (lines: string[]) => string[]) => {
    await twoYearsLater();
    await seal();
    const data = await readFile(await onlyFile());
    const lines = gunzipSync(data).toString().split('\n');
    return gzipSync(change(lines).join('\n'));
  };

  it('shows which record was changed in it', async () => {
    const data = await sealed((lines) =>
      lines.map((line, index) => (index === 4 ? line.replace('person:ada', 'person:eve') : line)),
    );
    expect(await followChain(await unpackRecords(data, 'it'))).toMatchObject({
      fault: { seq: 5 },
      records: 4,
    });
  });

  it('shows where one was taken out', async () => {
    const data = await sealed((lines) => lines.toSpliced(4, 1));
    expect(await followChain(await unpackRecords(data, 'it'))).toMatchObject({
      fault: { seq: 6 },
      records: 4,
    });
  });

  it.each([
    ['cut off', (data: Buffer) => data.subarray(0, -20), /damaged/],
    ['another file', () => Buffer.from('hello'), /damaged, or no file of sealed records/],
    ['no records', () => gzipSync('{}\n'), /its line 1 is no record/],
    ['empty', () => gzipSync(''), /not whole/],
  ])('that is %s is refused in words', async (_what, make, words) => {
    await expect(unpackRecords(make(await sealed((lines) => lines)), 'it')).rejects.toThrow(words);
  });
});
