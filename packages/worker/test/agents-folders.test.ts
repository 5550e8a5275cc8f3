import { chmod, chown, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { askOverPipes } from './worker-process.ts';

const AGENT = 12_345;
const JOB = '5b0f3a52-8f6d-4c0e-9d61-2f7b1f0c8a11';

/** A host of 1.2.0 that keeps everything elsewhere, as its root has written it. */
async function movedHost() {
  const folder = await temporaryFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const root = folder.path;
  const at = (path: string): string => join(root, path);
  const put = async (path: string, text = ''): Promise<void> => {
    await mkdir(dirname(at(path)), { recursive: true });
    await writeFile(at(path), text, { mode: 0o600 });
  };
  const config = (jobs: string) =>
    put(
      'etc/linux_patch_api/config.yaml',
      `jobs: { storage_path: "${jobs}" }
logging: { file_path: "${at('srv/log/patch.log')}" }
tls: { ca_cert: "${at('srv/certs/root.pem')}", server_key: "${at('srv/certs/server.key.pem')}" }
`,
    );
  await config(at('srv/jobs'));
  await put(`srv/jobs/${JOB}.json`);
  await put(`srv/jobs/${JOB}.log`);
  await put(join('srv/jobs/work', JOB, 'plan.json'));
  await put('srv/log/patch.log');
  await put('srv/log/patch.log.2026-11-23.1.gz');
  await put('srv/certs/root.pem');
  await put('srv/certs/generations/1/server.key.pem');
  const ask = async () => {
    const { answer, stderr } = await askOverPipes(['folders', '--root', root], (to) => void to.end());
    const lines = (text: string) => text.split('\n').filter((line) => line !== '');
    return { folders: lines(answer).map((line) => line.slice(root.length + 1)), faults: lines(stderr) };
  };
  return { at, put, config, ask };
}

describe('what the configuration has the agent write elsewhere', () => {
  it('is its own: jobs, audit log and certificates, at the first start of its user and at each one after it', async () => {
    const { at, ask } = await movedHost();
    const all = { folders: ['srv/log', 'srv/jobs', 'srv/certs'], faults: [] };
    expect(await ask()).toEqual(all);
    await mkdir(at('var/lib/linux_patch_api'), { recursive: true });
    for (const path of ['var/lib/linux_patch_api', ...all.folders]) await chown(at(path), AGENT, AGENT);
    expect(await ask()).toEqual(all);
  });

  it('is one folder where one holds the others, and nothing where it lies in a usual one or is not there', async () => {
    const { at, put, config, ask } = await movedHost();
    await rm(at('srv/jobs'), { recursive: true });
    await config(at('srv'));
    expect((await ask()).faults[0]).toMatch(/srv \(jobs\.storage_path\) .* one of the system/);
    await mkdir(at('data'));
    for (const name of ['log', 'certs']) await rename(at(`srv/${name}`), at(`data/${name}`));
    await rename(at('data'), at('srv/agent'));
    await put(
      'etc/linux_patch_api/config.yaml',
      `jobs: { storage_path: "${at('srv/agent')}" }\nlogging: { file_path: "${at('srv/agent/log/patch.log')}" }\ntls: { ca_cert: "${at('srv/agent/certs/root.pem')}", server_key: "${at('srv/agent/certs/server.key.pem')}" }\n`,
    );
    await mkdir(at('srv/agent/lost+found'));
    expect(await ask()).toEqual({ folders: ['srv/agent'], faults: [] });
    // What lies deeper would be given with it.
    await put('srv/agent/log/other.log');
    expect(await ask()).toEqual({
      folders: ['srv/agent/certs'],
      faults: [
        expect.stringMatching(/srv\/agent \(jobs\.storage_path\) .* \("log\/other\.log"\)/),
        expect.stringMatching(/srv\/agent\/log \(logging\.file_path\) .* \("other\.log"\)/),
      ],
    });
    for (const name of ['log', 'certs']) await rename(at(`srv/agent/${name}`), at(`srv/${name}`));
    await rm(at('srv/log/other.log'));
    await config(at('var/lib/linux_patch_api/elsewhere'));
    expect(await ask()).toEqual({ folders: ['srv/log', 'srv/certs'], faults: [] });
    await config(at('nowhere/jobs'));
    expect(await ask()).toEqual({ folders: ['srv/log', 'srv/certs'], faults: [] });
  });

  it('is not its own where anything else lies, and that is said', async () => {
    const { put, ask } = await movedHost();
    await put('srv/log/other.log');
    await put('srv/jobs/notes');
    const { folders, faults } = await ask();
    expect(folders).toEqual(['srv/certs']);
    expect(faults).toEqual([
      expect.stringMatching(
        /srv\/log \(logging\.file_path\) is not given .* not the agent's \("other\.log"\); move/,
      ),
      expect.stringMatching(
        /srv\/jobs \(jobs\.storage_path\) is not given .* not the agent's \("notes"\); move/,
      ),
    ]);
  });

  it('is not its own where a link leads, or through what belongs to somebody else', async () => {
    const { at, config, ask } = await movedHost();
    await symlink(at('srv/jobs'), at('link'));
    await config(at('link'));
    expect((await ask()).faults).toEqual([
      expect.stringMatching(/link \(jobs\.storage_path\) .* no folder of its own/),
    ]);
    await symlink(at('srv'), at('way'));
    await config(at('way/jobs'));
    expect(await ask()).toMatchObject({ folders: ['srv/log', 'way/jobs', 'srv/certs'] });
    await config(at('srv/jobs'));
    await chown(at('srv/jobs'), AGENT, AGENT);
    expect((await ask()).faults).toEqual([expect.stringMatching(`it belongs to user ${AGENT}$`)]);
    await chown(at('srv'), AGENT, AGENT);
    expect(await ask()).toMatchObject({
      folders: [],
      faults: Array.from({ length: 3 }, () =>
        expect.stringMatching(`srv: belongs to user ${AGENT}, who can lay`),
      ),
    });
    await chown(at('srv'), 0, 0);
    await chmod(at('srv'), 0o777);
    expect((await ask()).folders).toEqual([]);
  });

  it('are no certificates that root has copied there itself, which are read out to the agent', async () => {
    const { at, ask } = await movedHost();
    await rm(at('srv/certs/generations'), { recursive: true });
    expect(await ask()).toEqual({ folders: ['srv/log', 'srv/jobs'], faults: [] });
  });

  it('is not looked for in a configuration that is faulty, or that others than root can write', async () => {
    const { at, put, ask } = await movedHost();
    await chmod(at('etc/linux_patch_api/config.yaml'), 0o666);
    expect(await ask()).toEqual({
      folders: [],
      faults: [expect.stringContaining('others than its owner can change it')],
    });
    await rm(at('etc/linux_patch_api/config.yaml'));
    await put('etc/linux_patch_api/config.yaml', 'jobs: { storage_path: 7 }\n');
    expect(await ask()).toEqual({ folders: [], faults: [expect.stringContaining('jobs.storage_path')] });
  });
});
