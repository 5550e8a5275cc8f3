import type { Installed } from '../package-facts.ts';
import { isKernel } from './reboot-packages.ts';
import { compareDebianVersions } from './versions.ts';

/** `linux-image-6.1.0-37-amd64`, `linux-image-unsigned-6.8.0-45-generic`, `proxmox-kernel-6.8.4-2-pve-signed`. */
const IMAGE =
  /^(?:linux-image|linux-signed-image|pve-kernel|proxmox-kernel)-(?:unsigned-)?(\d.*?)(?:-signed|-unsigned)?$/;
/** `6.1.0-37-amd64` is version `6.1.0-37` of flavour `amd64`; `6.12.22+bpo-cloud-amd64` has a flavour of two words. */
const RELEASE = /^(\d[^-]*(?:-\d[^-]*)*)-([a-z].*)$/;
/** Debian builds the version of the package into its kernels (uname(2), version). */
const DEBIAN_BUILD = /\bDebian (\d\S*)/;

interface Release {
  readonly version: string;
  readonly flavour: string;
}

function parseRelease(release: string): Release | undefined {
  const [, version, flavour] = RELEASE.exec(release) ?? [];
  return version === undefined || flavour === undefined ? undefined : { version, flavour };
}

/**
 * Why the running kernel is not the newest that is installed for its flavour; undefined when it is, or when it is none
 * that packages of this host could replace.
 *
 * @param running release and version of uname(2)
 */
export function outdatedKernel(
  running: { readonly release: string; readonly version: string },
  installed: readonly Installed[],
): string | undefined {
  const own = parseRelease(running.release);
  if (!own) return undefined;
  const images = installed
    .filter((one) => isKernel(one.name))
    .flatMap((one) => {
      const release = IMAGE.exec(one.name)?.[1];
      return release === undefined ? [] : [{ release, version: one.version, ...parseRelease(release) }];
    })
    .filter((one) => one.flavour === own.flavour);
  const newest = images
    .map(({ release }) => ({ release, ...parseRelease(release) }))
    .sort((a, b) => compareDebianVersions(b.version ?? '', a.version ?? ''))[0];
  if (newest?.version !== undefined && compareDebianVersions(own.version, newest.version) < 0)
    return `kernel ${newest.release} is installed, ${running.release} runs`;
  const [, build] = DEBIAN_BUILD.exec(running.version) ?? [];
  const same = installed.find((one) => IMAGE.exec(one.name)?.[1] === running.release);
  if (build === undefined || !same || compareDebianVersions(build, same.version) >= 0) return undefined;
  return `${same.name} ${same.version} is installed, ${build} runs`;
}
