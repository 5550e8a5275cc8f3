import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock, systemFiles } from '@linux-patch/runtime/node';
import { memoryLogger, temporaryFolder } from '@linux-patch/runtime/testing';
import { describe, expect, it, vi } from 'vitest';
import { loadAgentConfig } from './load.ts';
import { watchAgentConfig } from './watch.ts';

/** In one step, as editors and configuration tools do: whoever looks meanwhile sees the one or the other. */
async function replaceFile(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}

async function setUp(text: string) {
  const folder = await temporaryFolder();
  const path = join(folder.path, 'config.yaml');
  await writeFile(path, text);
  const load = () => loadAgentConfig({ files: systemFiles, path, root: '/' });
  const events: string[] = [];
  const logger = memoryLogger();
  const watch = watchAgentConfig({
    files: systemFiles,
    clock: systemClock,
    settings: { config: await load(), configFile: path, load },
    logger,
    onChange: (config, changed) => {
      events.push(`${changed.join()} ${config.logging.level}`);
      if (config.server.port === 1) throw new Error('cannot bind');
    },
    onFault: (fault) => events.push(`fault ${fault.split(': ').at(-1)}`),
    onRestored: () => events.push('restored'),
  });
  return {
    path,
    watch,
    events,
    logger,
    async [Symbol.asyncDispose]() {
      await watch[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

describe('a changed configuration', () => {
  it('is delivered with the sections that differ, each time the file is replaced', async () => {
    await using world = await setUp('');
    await replaceFile(world.path, 'logging: { level: warn }\njobs: { max_concurrent: 2 }\n');
    await vi.waitFor(() => expect(world.events).toEqual(['jobs,logging warn']), 200_000);
    await replaceFile(world.path, '# again\nlogging: { level: error }\njobs: { max_concurrent: 2 }\n');
    await vi.waitFor(() => expect(world.events[1]).toBe('logging error'), 200_000);
  });

  it('that is bad changes nothing and is reported, until it is mended', async () => {
    await using world = await setUp('logging: { level: warn }');
    await replaceFile(world.path, 'loging: { level: debug }');
    await world.watch.reload();
    await world.watch.reload();
    expect(world.events).toEqual(['fault unknown key (did you mean "logging"?)']);
    expect(world.logger.records.filter((record) => record.level === 'error')).toHaveLength(1);
    await replaceFile(world.path, 'logging: { level: debug }');
    await world.watch.reload();
    expect(world.events.slice(1)).toEqual(['restored', 'logging debug']);
  });

  it('is none when only comments or the layout differ', async () => {
    await using world = await setUp('logging: { level: warn }\n');
    await replaceFile(world.path, '# written anew\nlogging:\n  level: warn\n');
    await world.watch.reload();
    expect(world.events).toEqual([]);
  });

  it('that cannot be put into force is reported and does not end the watch', async () => {
    await using world = await setUp('');
    await replaceFile(world.path, 'server: { port: 1 }');
    await world.watch.reload();
    expect(world.logger.records.at(-1)).toMatchObject({ level: 'error', fields: { sections: ['server'] } });
    await replaceFile(world.path, '');
    await world.watch.reload();
    expect(world.events).toEqual(['server info', 'server info']);
  });

  it('is ignored once the watch has ended', async () => {
    await using world = await setUp('');
    await world.watch[Symbol.asyncDispose]();
    await replaceFile(world.path, 'logging: { level: warn }');
    await world.watch.reload();
    expect(world.events).toEqual([]);
  });
});
