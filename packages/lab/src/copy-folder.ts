import { must, runProgram } from './process.ts';

/** Copies a folder as it is: owners, modes, times and links. */
export async function copyFolder(from: string, to: string): Promise<void> {
  must(await runProgram('cp', ['--archive', '--no-target-directory', from, to]), 'cp');
}
