import type { RpmToy } from './spec.ts';

const CONF = '/etc/toyconf.conf';
const conf = (text: string) => ({ files: { [CONF]: text }, configFiles: [CONF] });

/** Waits until a test lets it go on, at most five minutes. */
const WAIT_FOR_GO = 'for i = 1, 300 do if posix.access("/tmp/toyslow-go") then break end posix.sleep(1) end';

/** What a host has before the update; the names mean the same as those of the toys for apt. */
export const RPM_BASE: readonly RpmToy[] = [
  { name: 'toyhello', version: '1.0' },
  { name: 'toylib', version: '1.0' },
  { name: 'toyapp', version: '1.0', tags: ['Requires: toylib'] },
  { name: 'toyheld', version: '1.0' },
  { name: 'toyconf', version: '1.0', ...conf('colour = red\n') },
  { name: 'toybroken', version: '1.0', postLua: 'error("toybroken: this script fails on purpose")' },
  { name: 'toymeta', version: '1.0', tags: ['Requires: toynowhere'] },
  { name: 'toyclash', version: '1.0', tags: ['Conflicts: toyhello'] },
  { name: 'toypre', version: '1.0' },
  { name: 'toystuck', version: '1.0' },
  { name: 'toyepoch', version: '1:1.0' },
  { name: 'toyold', version: '1.0' },
  { name: 'toydot1.1', version: '1.0' },
  { name: 'toyslow', version: '1.0' },
];

/** Newer versions. `toystuck` needs what nobody has, `toypre` fails before it is unpacked, `toynew` replaces `toyold`. */
export const RPM_UPDATES: readonly RpmToy[] = [
  { name: 'toyhello', version: '1.1' },
  { name: 'toylib', version: '1.1' },
  { name: 'toyapp', version: '1.2', tags: ['Requires: toylib >= 1.1'] },
  { name: 'toyheld', version: '1.1' },
  { name: 'toyconf', version: '1.1', ...conf('colour = blue\n') },
  { name: 'toypre', version: '1.1', preLua: 'error("toypre: this script fails on purpose")' },
  { name: 'toystuck', version: '1.1', tags: ['Requires: toynowhere'] },
  { name: 'toyepoch', version: '1:1.1' },
  { name: 'toyslow', version: '1.1', postLua: WAIT_FOR_GO },
  { name: 'toynew', version: '1.0', tags: ['Obsoletes: toyold', 'Provides: toyold'] },
];
