import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isPatchError } from '@linux-patch/contract';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { systemFiles } from '../node/index.ts';
import { temporaryFolder } from '../testing/index.ts';
import { describeSchema } from './describe.ts';
import type { ConfigurationFault } from './faults.ts';
import { type ConfigurationOptions, parseConfiguration } from './parse.ts';
import { readConfiguration } from './read.ts';

const Schema = z.strictObject({
  server: z
    .strictObject({
      port: z.int().min(0).max(65535).default(8443).meta({ description: 'The port.' }),
      bind: z.string().min(1).default('::').meta({ description: 'The address.' }),
    })
    .prefault({}),
  logging: z
    .strictObject({
      level: z.enum(['info', 'warn']).default('info').meta({ description: 'The level.' }),
    })
    .prefault({}),
  names: z.array(z.string()).optional().meta({ description: 'The names.' }),
});

type Options = ConfigurationOptions<z.output<typeof Schema>>;

const DEFAULTS = { server: { port: 8443, bind: '::' }, logging: { level: 'info' } };

function faultsOf(text: string, options: Options = {}, schema: z.ZodType = Schema): string[] {
  try {
    parseConfiguration(schema, text, 'c.yaml', options as object);
  } catch (error) {
    if (isPatchError(error, 'CONFIG_INVALID')) return error.message.split('\n');
    throw error;
  }
  return [];
}

describe('a configuration', () => {
  it.each([
    '',
    '# nothing but a comment\n',
    '---\n',
    'server:\nlogging:\n  # level: warn\n',
    'server: { port: }\n',
  ])('of nothing but defaults can be written as %j', (text) => {
    expect(parseConfiguration(Schema, text, 'c.yaml')).toMatchObject(DEFAULTS);
  });

  it('reports all faults at once, each where it stands', () => {
    const text = [
      'server:',
      '  prot: 12443',
      '  bind: 5',
      'logging:',
      '  level: wran',
      'loging: {}',
      'names: [a, 1]',
      'port: 1',
      'zebra:',
      'server: {}',
      '',
    ].join('\n');
    expect(faultsOf(text)).toEqual([
      'c.yaml:2:3 server.prot: unknown key (did you mean "port"?)',
      'c.yaml:3:9 server.bind: must be text, not a number; put it in quotes',
      'c.yaml:5:10 logging.level: must be one of info, warn (did you mean "warn"?)',
      'c.yaml:6:1 loging: unknown key (did you mean "logging"?)',
      'c.yaml:7:12 names.1: must be text, not a number; put it in quotes',
      'c.yaml:8:1 port: unknown key (did you mean "server.port"?)',
      'c.yaml:9:1 zebra: unknown key',
      'c.yaml:10:1 server: given twice; keep one',
    ]);
  });

  it('carries its faults for machines too', () => {
    try {
      parseConfiguration(Schema, 'server:\n  port: 70000\n', 'c.yaml');
      expect.unreachable();
    } catch (error) {
      const { faults } = (error as { details: { faults: ConfigurationFault[] } }).details;
      expect(faults).toEqual([
        { file: 'c.yaml', line: 2, column: 9, path: 'server.port', message: 'must be at most 65535' },
      ]);
    }
  });

  it.each([
    ['server: 5', 'c.yaml:1:9 server: must be a map of keys, not a number'],
    ['server: { port: 1.5 }', 'c.yaml:1:17 server.port: must be a whole number, not a fraction'],
    ['server: { port: "80" }', 'c.yaml:1:17 server.port: must be a number, not text'],
    ['- a', 'c.yaml:1:1 must be a map of keys, not a list'],
    ['just words', 'c.yaml:1:1 must be a map of keys, not text'],
    ['names: [~]', 'c.yaml:1:9 names.0: must be text, not empty'],
    ['? [a]\n: 1', 'c.yaml:1:3 a key must be a plain word'],
    ['__proto__: { port: 1 }', 'c.yaml:1:1 a key must be a plain word'],
    ['server: *nowhere', 'c.yaml:1:9 server: the alias names an anchor that is not set before it'],
    ['{}\n---\nserver: {}', 'c.yaml:2:1 a second YAML document starts here; the file must hold exactly one'],
    ['%YAML 1.1\n---\n{}', 'c.yaml:1:1 only YAML 1.2 is read; remove the %YAML line'],
    ['names: !secret [a]', 'c.yaml:1:8 not valid YAML: Unresolved tag'],
  ])('refuses %j', (text, fault) => {
    expect(faultsOf(text)).toEqual([fault]);
  });

  it('reports faults of the schema together with faults of the syntax', () => {
    expect(faultsOf('server:\n  prot: 1\nnames: [a\nloging: {}\n')).toEqual([
      'c.yaml:2:3 server.prot: unknown key (did you mean "port"?)',
      expect.stringMatching(/^c\.yaml:4:1 not valid YAML: /),
    ]);
  });

  it('never repeats a value, which may be a secret', () => {
    for (const text of [
      'names: [a] hunter2',
      'names: "a" hunter2',
      '}hunter2',
      'names: @hunter2',
      'names: { hunter2 }',
    ]) {
      expect(faultsOf(text).join('\n')).not.toBe('');
      expect(faultsOf(text).join('\n')).not.toContain('hunter2');
    }
  });

  it('reports a missing key at its parent', () => {
    const strict = z.strictObject({ ca: z.strictObject({ name: z.string() }) });
    expect(faultsOf('ca:\n  # name: x\n', {}, strict)).toEqual(['c.yaml:1:1 ca: is required']);
    expect(faultsOf('\n  ca: {}\n', {}, strict)).toEqual(['c.yaml:2:3 ca.name: is required']);
  });

  it('expands aliases, with their faults at the alias, and stops a bomb of them', () => {
    const shared = 'names: &n [a, b]\nserver: { bind: &b "10.0.0.1" }\n';
    expect(parseConfiguration(Schema, shared, 'c.yaml').names).toEqual(['a', 'b']);
    expect(faultsOf('names: [&x 5, *x]')).toEqual([
      'c.yaml:1:12 names.0: must be text, not a number; put it in quotes',
      'c.yaml:1:15 names.1: must be text, not a number; put it in quotes',
    ]);
    const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 12; level += 1) {
      const inner = Array.from({ length: 10 }, () => `*a${level - 1}`).join(', ');
      bomb.push(`a${level}: &a${level} [${inner}]`);
    }
    expect(
      faultsOf(bomb.join('\n')).filter((line) => line.includes('aliases expand to too much')),
    ).toHaveLength(1);
    expect(faultsOf('names: &n [*n]').join()).toContain('nested too deeply');
  });

  it('names blanks that only look like one', () => {
    expect(faultsOf('server:\n\u00a0\u00a0port: 1\n')).toEqual([
      expect.stringMatching(
        /^c\.yaml:2:1 .*unknown key.* \(the line has a no-break space, U\+00A0, which is no blank in YAML: type the line again\)$/,
      ),
    ]);
    expect(faultsOf('server:\u200b { port: 1 }\n').join()).toContain('an invisible character, U+200B');
    // Where nothing is wrong they are somebody's text.
    expect(faultsOf('\ufeffnames: ["a\u00a0b"] # a\u00a0comment\n')).toEqual([]);
  });

  it.each(['utf16le', 'utf16be'])('names text in %s', async (encoding) => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'c.yaml');
    for (const text of ['\ufeffserver: { port: 1 }\n', 'server:\n  port: 1\n', '\ufeff# c\n']) {
      const bytes = Buffer.from(text, 'utf16le');
      await writeFile(path, encoding === 'utf16be' ? bytes.swap16() : bytes);
      await expect(
        readConfiguration({ files: systemFiles, path, schema: Schema, required: true }),
      ).rejects.toThrow(/is UTF-16 text; save it as UTF-8/);
    }
  });

  it('refuses a file nobody wrote by hand', () => {
    expect(faultsOf(`# ${'x'.repeat(1024 * 1024)}`)).toEqual([
      'c.yaml: is larger than 1 MiB, which no configuration is; is it the right file?',
    ]);
    expect(faultsOf(`names: ${'['.repeat(5000)}`).join()).toContain('nested too deeply');
  });

  it('lists the faults of a rule over several keys beside the others, and skips rules on faulty keys', () => {
    const rules: Options['rules'] = [
      {
        reads: ['server.port', 'logging.level'],
        check: (value, given) =>
          given('server.port') && value.server.port === 1 && value.logging.level === 'info'
            ? { path: 'server.port', message: 'must not be 1 with level info' }
            : undefined,
      },
    ];
    expect(faultsOf('server: { port: 1 }\nzebra: 1\n', { rules })).toEqual([
      'c.yaml:1:17 server.port: must not be 1 with level info',
      'c.yaml:2:1 zebra: unknown key',
    ]);
    expect(faultsOf('server: { port: 1 }\nlogging: { level: 5 }\n', { rules })).toHaveLength(1);
    expect(faultsOf('logging: { level: info }\n', { rules })).toEqual([]);
  });

  it('uses a fallback only where the file is silent and blames its source for its faults', () => {
    const source = { file: 'environment', name: 'LEVEL' };
    const fallbacks = [{ path: ['logging', 'level'], value: 'loud', source }];
    expect(faultsOf('{}', { fallbacks })).toEqual(['environment: LEVEL: must be one of info, warn']);
    expect(faultsOf('logging:\n  level: warn\n', { fallbacks })).toEqual([]);
  });
});

describe('a configuration file', () => {
  it('may be absent only when it is not required', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'c.yaml');
    const options = { files: systemFiles, path, schema: Schema };
    expect((await readConfiguration({ ...options, required: false })).value).toEqual(DEFAULTS);
    await expect(readConfiguration({ ...options, required: true, advice: 'Create it.' })).rejects.toThrow(
      `${path}: does not exist. Create it.`,
    );
  });

  it('tells which keys it gives', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'c.yaml');
    await writeFile(path, 'server: { port: 8443, bind: }\n');
    const { given } = await readConfiguration({ files: systemFiles, path, schema: Schema, required: true });
    expect(['server.port', 'server.bind', 'names'].map(given)).toEqual([true, false, false]);
  });

  it('that cannot be read says so', async () => {
    await using folder = await temporaryFolder();
    const options = { files: systemFiles, path: folder.path, schema: Schema, required: false };
    await expect(readConfiguration(options)).rejects.toThrow(/cannot be read: .*EISDIR/);
  });
});

describe('the description of a schema', () => {
  it('lists every key with type, default and text', () => {
    expect(describeSchema(Schema)).toEqual([
      {
        key: 'server.port',
        type: 'whole number, 0 to 65535',
        default: 8443,
        description: 'The port.',
        isRequired: false,
      },
      { key: 'server.bind', type: 'text', default: '::', description: 'The address.', isRequired: false },
      {
        key: 'logging.level',
        type: '"info" or "warn"',
        default: 'info',
        description: 'The level.',
        isRequired: false,
      },
      {
        key: 'names',
        type: 'list of text',
        default: undefined,
        description: 'The names.',
        isRequired: false,
      },
    ]);
  });

  it('says of which keys somebody has to say something, with an example of that', () => {
    const part = z.strictObject({ issuer: z.string().meta({ example: 'x' }), name: z.string().optional() });
    const described = describeSchema(z.strictObject({ part: part.optional() }));
    expect(described.map(({ key, isRequired, example }) => [key, isRequired, example])).toEqual([
      ['part.issuer', true, 'x'],
      ['part.name', false, undefined],
    ]);
  });
});
