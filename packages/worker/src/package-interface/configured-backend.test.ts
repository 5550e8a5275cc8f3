import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemFiles } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readConfiguredBackend } from './configured-backend.ts';

async function backendOf(text: string | undefined) {
  const folder = await temporaryFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const path = join(folder.path, 'config.yaml');
  if (text !== undefined) await writeFile(path, text);
  return readConfiguredBackend(systemFiles, path);
}

describe('the package manager that a worker goes by', () => {
  it.each([
    ['the configuration names one', 'package_manager: { backend: pacman }\n', 'pacman'],
    ['it names none, and has faults elsewhere', 'server: { port: many }\nnonsense: 1\n', 'auto'],
    ['there is no configuration', undefined, 'auto'],
  ])('is known when %s', async (_what, text, backend) => {
    expect(await backendOf(text)).toBe(backend);
  });

  it.each([
    ['names one that nobody knows', 'package_manager: { backend: brew }\n'],
    ['is no YAML', 'package_manager: [\n'],
  ])('is not known when the configuration %s', async (_what, text) => {
    await expect(backendOf(text)).rejects.toMatchObject({
      code: 'SERVICE_UNHEALTHY',
      message: expect.stringContaining('config.yaml:1'),
    });
  });
});
