import { PatchError } from '@linux-patch/contract';

/** The target as it came. `URL` would quietly resolve dot segments and absolute targets; here they are faults. */
export function readTarget(incoming: { readonly url?: string | undefined }): {
  readonly path: string;
  readonly search: string;
  readonly fault: PatchError | undefined;
} {
  const target = incoming.url ?? '';
  const path = target.split('?', 1)[0] ?? '';
  return { path, search: target.slice(path.length), fault: pathFault(path) };
}

function pathFault(path: string): PatchError | undefined {
  const segments = path.split('/').map((segment) => segment.replaceAll(/%2e/gi, '.'));
  const wrong =
    !path.startsWith('/') || path.includes('\\') || segments.some((one) => one === '.' || one === '..');
  if (!wrong) return undefined;
  const faults = [
    { path: 'path', message: 'must be absolute, without "." or ".." segments and backslashes' },
  ];
  return new PatchError('INVALID_REQUEST', `The request is not valid: path: ${faults[0]?.message}`, {
    details: { faults },
  });
}
