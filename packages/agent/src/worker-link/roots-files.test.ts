import type { FileFacts, Files } from '@linux-patch/runtime';
import { systemFiles } from '@linux-patch/runtime/node';
import { describe, expect, it } from 'vitest';
import { withRootsFiles } from './roots-files.ts';

const CONFIG = '/etc/linux_patch_api/config.yaml';

/** Files of which none may be read. */
function deniedFiles(facts: { changedMs: number }): Files {
  const deny = async (path: string): Promise<never> => {
    throw Object.assign(new Error(`EACCES: permission denied, open '${path}'`), { code: 'EACCES', path });
  };
  const factsBehind = async () => ({ ...facts }) as FileFacts;
  return { ...systemFiles, readText: deny, readTextLimited: deny, factsBehind };
}

describe('files that root keeps to itself', () => {
  it("are asked for where they are the agent's settings, and again when they changed", async () => {
    const facts = { changedMs: 1 };
    const asked: string[] = [];
    const files = withRootsFiles(deniedFiles(facts), async (path) => {
      asked.push(path);
      return `text ${asked.length}`;
    });
    expect(await files.readTextLimited(CONFIG, 100)).toBe('text 1');
    expect(await files.readText(CONFIG)).toBe('text 1');
    facts.changedMs = 2;
    expect(await files.readTextLimited(CONFIG, 100)).toBe('text 2');
    expect(asked).toEqual([CONFIG, CONFIG]);
  });

  it('are asked for each time where they lie in a folder of root alone', async () => {
    const asked: string[] = [];
    const closed = deniedFiles({ changedMs: 1 });
    const files = withRootsFiles(
      { ...closed, factsBehind: (path) => closed.readText(path) as Promise<never> },
      async (path) => {
        asked.push(path);
        return `text ${asked.length}`;
      },
    );
    expect(await files.readText('/etc/closed/ca.pem')).toBe('text 1');
    expect(await files.readText('/etc/closed/ca.pem')).toBe('text 2');
  });

  it.each(['/proc/1/environ', '/sys/firmware/dmi/tables/DMI'])(
    "are not asked for where they are the kernel's: %s",
    async (path) => {
      const files = withRootsFiles(deniedFiles({ changedMs: 1 }), async () => 'secret');
      await expect(files.readText(path)).rejects.toMatchObject({
        code: 'EACCES',
        message: expect.stringMatching(/^EACCES/),
      });
    },
  );

  it('say what lets the agent in where root does not read them out', async () => {
    const files = withRootsFiles(deniedFiles({ changedMs: 1 }), async () => {
      throw new Error('the configuration does not name it');
    });
    const path = '/srv/ca.pem';
    const refused = files.readText(path);
    await expect(refused).rejects.toMatchObject({ code: 'EACCES', path });
    await expect(refused).rejects.toThrow(
      `The user linux-patch-api, as whom the agent runs, may not read ${path}, and root does not read it out (the configuration does not name it). ` +
        `Let it in, as root: chgrp linux-patch-api ${path} && chmod g+r ${path}`,
    );
  });
});
