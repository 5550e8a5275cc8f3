import { isPatchError, PatchError } from '@linux-patch/contract';
import { parseRequest, type RequestFacts } from '@linux-patch/pki';

/**
 * Reads a certificate request that came in from outside.
 * @throws PatchError `INVALID_REQUEST` naming the member: a bad request is the caller's fault, not ours.
 */
export async function readCertificateRequest(pem: string, path: string): Promise<RequestFacts> {
  try {
    return await parseRequest(pem);
  } catch (cause) {
    if (!isPatchError(cause, 'PKI_REQUEST_REJECTED')) throw cause;
    const faults = [{ path, message: cause.message }];
    throw new PatchError('INVALID_REQUEST', `The request is not valid: ${path}: ${cause.message}`, {
      details: { faults },
      cause,
    });
  }
}
