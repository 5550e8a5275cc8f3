import type { FleetAct } from '@linux-patch/contract';
import { expect, it } from 'vitest';
import type { Chosen } from '../acts/choose-hosts.ts';
import { confirmAct, confirmStopAct } from './confirm-acts.ts';

const said = (groups: Chosen['groups'], notes: Chosen['notes'] = []) =>
  confirmAct({ meant: [], unknown: 0, leftOut: [], groups, notes }, 'all', 0).happens.join(' ');

it('says of which groups hosts are meant, and nothing where there are none', () => {
  expect(said([])).not.toContain('groups');
  expect(
    said([
      ['web', 1_200],
      ['db', 1],
    ]),
  ).toContain('In groups: web (1,200 hosts), db (1 host).');
});

it('names the largest groups of many, and says how many more there are', () => {
  const groups = Array.from({ length: 10 }, (_, at) => [`g${at}`, 10 - at] as const);
  expect(said(groups)).toMatch(/In groups: g0 \(10 hosts\), .*, g7 \(3 hosts\) and 2 more\./);
});

it('reads out what people wrote about the hosts that are meant, of much the most frequent', () => {
  expect(said([])).not.toContain('Notes');
  expect(
    said(
      [],
      [
        ['No real host.', 28],
        ['Ask the shop.', 2],
        ['Old\u202e disk.', 1],
        ['Loud.', 1],
        ['Hot.', 1],
      ],
    ),
  ).toMatch(
    /Notes about them: "No real host\." \(28 hosts\), "Ask the shop\." \(2 hosts\), "Old[^\u202e]* disk\." \(1 host\) and 2 others\./,
  );
});

it('says for how many hosts an act is stopped, and no number where none waits any more', () => {
  const words = (waiting: number) => confirmStopAct({ counts: { waiting } as FleetAct['counts'] }).yes;
  expect([words(3), words(1), words(0)]).toEqual(['Stop it for 3 hosts', 'Stop it for 1 host', 'Stop it']);
});
