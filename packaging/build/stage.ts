import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { AgentConfigSchema, createAgentProgram } from '@linux-patch/agent';
import { createManagerProgram, ManagerConfigSchema } from '@linux-patch/manager';
import { PolicySchema } from '@linux-patch/worker';
import { configurationExample, policyExample, policySample } from '../../tools/gen/configuration.ts';
import { launcher } from '../launcher.ts';
import { loader, programFiles } from '../loader.ts';
import { PACKAGE_VERSION, type ProgramPackage } from '../programs.ts';
import type { Bundle, BundledScript } from './bundle.ts';
import { bashCompletion, fishCompletion, zshCompletion } from './completions.ts';
import { configurationManual, programManual } from './manual.ts';
import type { NodeRuntime } from './node-runtime.ts';
import { licences } from './papers.ts';
import { run } from './shell.ts';

export interface StageOptions {
  readonly program: ProgramPackage;
  readonly bundle: Bundle;
  /** By the name of the script; one that has none starts without, and takes longer. */
  readonly codeCaches: ReadonlyMap<string, Uint8Array>;
  readonly node: NodeRuntime;
  /** Root of the repository. */
  readonly root: string;
  readonly folder: string;
  /** Every file's time, seconds. */
  readonly epochS: number;
}

/** What the two programs say about themselves. */
function facesOf(program: ProgramPackage) {
  const ignore = (): void => {};
  return program.folder === 'agent'
    ? { command: createAgentProgram(ignore), schema: AgentConfigSchema }
    : { command: createManagerProgram(ignore), schema: ManagerConfigSchema };
}

function gzip(text: string | Uint8Array): Uint8Array {
  // No time of its own in the header: two builds are equal.
  return gzipSync(text, { level: 9 });
}

type Put = (path: string, data: string | Uint8Array, mode?: number) => void;

function putScript(
  put: Put,
  library: string,
  script: BundledScript,
  { codeCaches }: Pick<StageOptions, 'codeCaches'>,
): void {
  const { name, program, readable, sourceMap } = script;
  const codeCache = codeCaches.get(name);
  const files = programFiles(name);
  put(`${library}/${files.loader}`, loader(name, program, codeCache));
  put(`${library}/${files.program}`, program);
  put(`${library}/${files.readable}`, readable);
  put(`${library}/${files.sourceMap}`, sourceMap);
  if (codeCache) put(`${library}/${files.codeCache}`, codeCache);
}

/** Writes the tree that every package format ships. */
export function stage(options: StageOptions): void {
  const { program, bundle, node, root, folder, epochS } = options;
  const { name } = program;
  const put: Put = (path, data, mode = 0o644) => {
    const target = join(folder, path);
    mkdirSync(dirname(target), { recursive: true, mode: 0o755 });
    writeFileSync(target, data);
    chmodSync(target, mode);
  };
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const library = `/usr/lib/${name}`;
  for (const script of [bundle, ...bundle.helpers]) putScript(put, library, script, options);
  for (const [file, data] of bundle.page) put(`${program.pageFolder}/${file}`, data);
  copyFileSync(node.binary, join(folder, library, 'node'));
  chmodSync(join(folder, library, 'node'), 0o755);
  put(`/usr/bin/${name}`, launcher(name), 0o755);
  for (const file of program.extraFiles) {
    put(file.target, readFileSync(join(root, 'packaging', file.source)), file.mode);
  }
  const faces = facesOf(program);
  const date = new Date(epochS * 1000).toISOString().slice(0, 10);
  const context = { date, version: PACKAGE_VERSION };
  const files = [program.configFile, ...(program.policyFile === undefined ? [] : [program.policyFile])];
  const pages = [`${name}.yaml`, ...(program.policyFile === undefined ? [] : [`${name}-policy.yaml`])];
  const manual = programManual(faces.command, { ...context, files, pages });
  put(`/usr/share/man/man8/${name}.8.gz`, gzip(manual));
  const configuration = { ...context, name, file: program.configFile, schema: faces.schema };
  put(`/usr/share/man/man5/${name}.yaml.5.gz`, gzip(configurationManual(configuration)));
  put(`/usr/share/bash-completion/completions/${name}`, bashCompletion(faces.command));
  put(`/usr/share/zsh/vendor-completions/_${name}`, zshCompletion(faces.command));
  put(`/usr/share/fish/vendor_completions.d/${name}.fish`, fishCompletion(faces.command));
  const papers = `/usr/share/doc/${name}`;
  put(`${papers}/examples/config.example.yaml`, configurationExample(program.folder));
  if (program.policyFile !== undefined) {
    const example = policySample();
    const policy = { of: name, file: program.policyFile, schema: PolicySchema, example };
    const page = configurationManual({ ...context, name: `${name}-policy`, ...policy });
    put(`/usr/share/man/man5/${name}-policy.yaml.5.gz`, gzip(page));
    put(`${papers}/examples/policy.example.yaml`, policyExample());
  }
  put(`${papers}/licences.txt.gz`, gzip(licences(bundle, node)));
  put(`${papers}/changelog.gz`, gzip(readFileSync(join(root, 'CHANGELOG.md'))));
  settleTimes(folder, epochS);
}

/** The same times and modes in every build; what is executable stays so. */
export function settleTimes(folder: string, epochS: number): void {
  // Whatever the umask of who builds.
  run('chmod', ['-R', 'u=rwX,go=rX', folder]);
  run('find', [folder, '-exec', 'touch', '--no-dereference', `--date=@${epochS}`, '{}', '+']);
}

/** Sum of the sizes of all files; what folders take differs from file system to file system. */
export function sizeOfFiles(folder: string): number {
  const sizes = run('find', [folder, '-type', 'f', '-printf', '%s\n']).split('\n').filter(Boolean);
  return sizes.reduce((sum, size) => sum + Number(size), 0);
}
