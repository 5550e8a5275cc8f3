import { PatchError } from '@linux-patch/contract';

/** @throws PatchError `INVALID_REQUEST` for what everybody tries first */
export function refuseNameAsPassword(name: string, password: string, member = 'password'): void {
  if (password.toLowerCase() !== name) return;
  const faults = [{ path: `body.${member}`, message: 'must not be the name' }];
  throw new PatchError('INVALID_REQUEST', `The request is not valid: body.${member}: must not be the name`, {
    details: { faults },
  });
}
