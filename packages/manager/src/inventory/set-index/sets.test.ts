import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeIds } from '../id-set.ts';
import { createSetAnswering } from './answering.ts';
import { createSets } from './sets.ts';

const HOSTS = ['a', 'b', 'c', 'd', 'e', 'f'] as const;
const host = fc.constantFrom(...HOSTS);
/** Ids of one, two and three bytes, near each other and far apart. */
const id = fc.oneof(
  fc.integer({ min: 1, max: 12 }),
  fc.integer({ min: 120, max: 135 }),
  fc.integer({ min: 16_380, max: 16_390 }),
);
const ids = fc.array(id, { maxLength: 12 });

const event = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('put' as const), host, rev: fc.nat(5), ids }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('forget' as const), host }) },
);

/** A row for each package of each host, asked with SQL. */
function openMemberships() {
  const db = new DatabaseSync(':memory:');
  db.exec(`create table hosts (host text primary key, rev integer);
    create table members (host text, id integer, primary key (host, id))`);
  const forgotten = new Set<string>();
  const listOf = (some: readonly (number | string)[]): string => JSON.stringify(some);
  const IN = '(select value from json_each(?))';
  return {
    put(name: string, rev: number, some: readonly number[]): void {
      const known = db.prepare('select rev from hosts where host = ?').get(name);
      if (forgotten.has(name) || (known && Number(known.rev) >= rev)) return;
      db.prepare('delete from members where host = ?').run(name);
      db.prepare('insert or replace into hosts values (?, ?)').run(name, rev);
      db.prepare('insert into members select distinct ?, value from json_each(?)').run(name, listOf(some));
    },
    forget(name: string): void {
      forgotten.add(name);
      db.prepare('delete from members where host = ?').run(name);
      db.prepare('delete from hosts where host = ?').run(name);
    },
    holding: (some: readonly number[]) =>
      db.prepare(`select id, host from members where id in ${IN} order by id, host`).all(listOf(some)),
    lacking: (good: readonly number[], unclear: readonly number[]) =>
      db
        .prepare(
          `select host from hosts where host not in (select host from members where id in ${IN})
            and host not in (select host from members where id in ${IN}) order by host`,
        )
        .all(listOf(good), listOf(unclear)),
    unclear: (good: readonly number[], unclear: readonly number[]) =>
      db
        .prepare(
          `select host from hosts where host not in (select host from members where id in ${IN})
            and host in (select host from members where id in ${IN}) order by host`,
        )
        .all(listOf(good), listOf(unclear)),
    count: (some: readonly number[], except: readonly string[]) =>
      db
        .prepare(
          `select id, count(*) as hosts from members where id in ${IN} and host not in ${IN} group by id order by id`,
        )
        .all(listOf(some), listOf(except)),
  };
}

const plain = (rows: readonly object[]): object[] => rows.map((row) => ({ ...row }));

describe('sets in memory', () => {
  it('answer as SQL does over a row for each package of each host, whatever happened before', () => {
    const scenario = fc.record({
      events: fc.array(event, { maxLength: 30 }),
      good: ids,
      unclear: ids,
      older: ids,
      except: fc.subarray([...HOSTS]),
    });
    fc.assert(
      fc.property(scenario, ({ events, good, unclear, older, except }) => {
        const sets = createSets();
        const rows = openMemberships();
        for (const one of events) {
          if (one.kind === 'put') {
            sets.put({ hostId: one.host, rev: one.rev, ids: encodeIds(one.ids) });
            rows.put(one.host, one.rev, one.ids);
          } else {
            sets.forget(one.host);
            rows.forget(one.host);
          }
        }
        const holding = [...sets.holding(good)]
          .sort(([left], [right]) => left - right)
          .flatMap(([version, hosts]) => [...hosts].sort().map((name) => ({ id: version, host: name })));
        expect(holding).toEqual(plain(rows.holding(good)));
        const lacking = sets.lacking({ good, unclear, older });
        const names = [...lacking.hosts.keys()].sort().map((name) => ({ host: name }));
        expect(names).toEqual(plain(rows.lacking(good, unclear)));
        expect([...lacking.unclear].sort().map((name) => ({ host: name }))).toEqual(
          plain(rows.unclear(good, unclear)),
        );
        const olderRows = rows.holding(older).filter((row) => lacking.hosts.has(String(row.host)));
        const has = [...lacking.hosts].flatMap(([name, some]) => some.map((one) => `${one} ${name}`));
        expect(has.sort()).toEqual(olderRows.map((row) => `${String(row.id)} ${String(row.host)}`).sort());
        const counts = [...sets.count(good, except)]
          .sort(([left], [right]) => left - right)
          .map(([version, hosts]) => ({ id: version, hosts }));
        expect(counts).toEqual(plain(rows.count(good, except)));
      }),
      { numRuns: 300 },
    );
  });

  it('have another revision after each change, and the same while there is none', () => {
    const sets = createSets();
    const revisions = [sets.revision];
    const after = (work: () => void): void => {
      work();
      revisions.push(sets.revision);
    };
    after(() => sets.put({ hostId: 'a', rev: 1, ids: encodeIds([1]) }));
    after(() => sets.put({ hostId: 'a', rev: 2, ids: encodeIds([2]) }));
    after(() => sets.put({ hostId: 'a', rev: 1, ids: encodeIds([1]) }));
    after(() => sets.put({ hostId: 'a', rev: 2, ids: encodeIds([2]) }));
    after(() => sets.forget('a'));
    after(() => sets.put({ hostId: 'a', rev: 3, ids: encodeIds([3]) }));
    expect(revisions).toEqual([0, 1, 2, 2, 2, 3, 3]);
  });

  it('answer each question with the revision that they had when it came', () => {
    const answer = createSetAnswering();
    const ask = (number: number) => answer({ kind: 'holding', ids: [7], number });
    expect(answer({ kind: 'put', sets: [{ hostId: 'a', rev: 1, ids: encodeIds([7]) }] })).toBeUndefined();
    expect(ask(1)).toEqual({ number: 1, answer: { revision: 1, found: new Map([[7, ['a']]]) } });
    expect(answer({ kind: 'forget', hostId: 'a' })).toBeUndefined();
    expect(ask(2)).toEqual({ number: 2, answer: { revision: 2, found: new Map() } });
  });
});
