import { describe, expect, it } from 'vitest';
import { readRefusal } from './refusal.ts';
import { scriptWords } from './script-words.ts';

const UNMET = [
  'The following packages have unmet dependencies:',
  ' toykept : Depends: toynowhere but it is not installable',
  '           Depends: toyother (>= 3) but it is not installable',
  '',
].join('\n');

describe('why apt refuses a change', () => {
  it.each([
    [
      'apt 2.6.1',
      UNMET,
      'E: Unable to correct problems, you have held broken packages.\n',
      'toykept : Depends: toynowhere but it is not installable, Depends: toyother (>= 3) but it is not installable',
    ],
    [
      'apt 3.0.4',
      UNMET,
      'E: Unable to correct problems, you have held broken packages.\nE: The following information from --solver 3.0 may provide additional context:\n   Unable to satisfy dependencies. Reached two conflicting decisions:\n',
      'toykept : Depends: toynowhere but it is not installable, Depends: toyother (>= 3) but it is not installable',
    ],
    [
      'apt 3.0.4',
      'The following packages will be REMOVED:\n   toykey (1)\n   toylock (2:1.0)\nThe following packages will be upgraded:\n   toydoor (1 => 2)\n',
      'E: Packages need to be removed but remove is disabled.\n',
      'toykey, toylock would have to be removed',
    ],
    [
      'apt 3.0.4',
      'The following held packages will be changed:\n   toyheld (1 => 2)\nThe following packages will be upgraded:\n   toyheld (1 => 2)\n',
      'E: Held packages were changed and -y was used without --allow-change-held-packages.\n',
      'toyheld would change, which is held',
    ],
    ['any', '', 'E: Something else\n', 'Something else'],
    ['any', '', '', 'apt gives no reason'],
  ])('is one clause (%s)', (_version, stdout, stderr, reason) => {
    expect(readRefusal({ stdout, stderr }).reason).toBe(reason);
  });

  it('stays one clause where everything would have to go', () => {
    const names = Array.from({ length: 300 }, (_, index) => `   toy${index} (1)`).join('\n');
    const stdout = `The following packages will be REMOVED:\n${names}\n1 upgraded, 300 to remove\n`;
    const stderr = 'E: Packages need to be removed but remove is disabled.\n';
    const { reason, removals } = readRefusal({ stdout, stderr });
    expect(reason).toMatch(/^toy0, .*toy9 and 290 more would have to be removed$/);
    expect(removals).toHaveLength(300);
  });
});

describe('the last words of a script, as dpkg 1.21.22 and 1.22.21 leave them', () => {
  const stdout = [
    'Setting up toyfine (2) ...',
    'toyfine says hello',
    'Setting up toybroken (2) ...',
    ...Array.from({ length: 9 }, (_, index) => `step ${index}`),
    'Processing triggers for toyfine (2) ...',
    '',
  ].join('\n');
  const stderr = [
    'toyfine: a remark',
    'dpkg: error processing package toyother (--configure):',
    ' installed toyother package post-installation script subprocess returned error exit status 1',
    'no moon',
    'dpkg: error processing package toybroken (--configure):',
    ' installed toybroken package post-installation script subprocess returned error exit status 3',
    'Errors were encountered while processing:',
    ' toybroken',
    'E: Sub-process /usr/bin/dpkg returned an error code (1)',
    '',
  ].join('\n');

  it('are its own and not those of others', () => {
    expect(scriptWords({ stdout, stderr }, 'toybroken')).toEqual([
      'step 6',
      'step 7',
      'step 8',
      'no moon',
      'installed toybroken package post-installation script subprocess returned error exit status 3',
    ]);
    expect(scriptWords({ stdout, stderr }, 'toyfine')).toEqual([]);
  });

  it('are found for a package that failed before it was unpacked', () => {
    const failed = [
      'no room on the moon',
      'dpkg: error processing archive /var/cache/apt/archives/toypre_2_all.deb (--unpack):',
      ' new toypre package pre-installation script subprocess returned error exit status 1',
      '',
    ].join('\n');
    const words = scriptWords(
      { stdout: 'Preparing to unpack .../toypre_2_all.deb ...\n', stderr: failed },
      'toypre',
    );
    expect(words).toEqual([
      'no room on the moon',
      'new toypre package pre-installation script subprocess returned error exit status 1',
    ]);
  });
});
