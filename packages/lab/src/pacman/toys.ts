import type { PacmanToy } from './build.ts';

const CONF = '/etc/toyconf.conf';
const conf = (text: string) => ({ files: { [CONF]: text }, configFiles: [CONF] });
const fails = (name: string, when: string) =>
  `${when}() { echo '${name}: this script fails on purpose'; return 3; }`;

/** Waits for whoever writes into a pipe, where a test has made one. */
const WAITS = 'post_upgrade() { [ ! -p /tmp/toyslow ] || read -r line </tmp/toyslow; }';

/** What a host has before the update; the names mean the same as those of the toys for apt. */
export const PACMAN_BASE: readonly PacmanToy[] = [
  { name: 'toyhello', version: '1.0-1' },
  { name: 'toylib', version: '1.0-1' },
  { name: 'toyapp', version: '1.0-1', tags: ['depend = toylib'] },
  { name: 'toyheld', version: '1.0-1' },
  { name: 'toyconf', version: '1.0-1', ...conf('colour = red\n') },
  { name: 'toybroken', version: '1.0-1', script: fails('toybroken', 'post_install') },
  { name: 'toymeta', version: '1.0-1', tags: ['depend = toynowhere'] },
  { name: 'toyclash', version: '1.0-1', tags: ['conflict = toyhello'] },
  { name: 'toypre', version: '1.0-1' },
  { name: 'toystuck', version: '1.0-1' },
  { name: 'toyepoch', version: '1:1.0-1' },
  { name: 'toyold', version: '1.0-1' },
  { name: 'toyslow', version: '1.0-1' },
  { name: 'toy-keyring', version: '1-1' },
];

/** Newer versions. `toystuck` needs what nobody has, a script of `toypre` fails before it is unpacked, `toynew` replaces `toyold`. */
export const PACMAN_UPDATES: readonly PacmanToy[] = [
  { name: 'toyhello', version: '1.1-1' },
  { name: 'toylib', version: '1.1-1' },
  { name: 'toyapp', version: '1.2-1', tags: ['depend = toylib>=1.1'] },
  { name: 'toyheld', version: '1.1-1' },
  { name: 'toyconf', version: '1.1-1', ...conf('colour = blue\n') },
  { name: 'toypre', version: '1.1-1', script: fails('toypre', 'pre_upgrade') },
  { name: 'toystuck', version: '1.1-1', tags: ['depend = toynowhere'] },
  { name: 'toyepoch', version: '1:1.1-1' },
  { name: 'toyslow', version: '1.1-1', script: WAITS },
  { name: 'toynew', version: '1.0-1', tags: ['replaces = toyold', 'conflict = toyold', 'provides = toyold'] },
  { name: 'toy-keyring', version: '2-1' },
];
