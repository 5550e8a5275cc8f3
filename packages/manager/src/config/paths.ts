import { join } from 'node:path';

/** Where the manager keeps things. */
export interface ManagerPaths {
  readonly configFile: string;
  readonly dataFolder: string;
  readonly database: string;
  /** Old records of the audit log, sealed; 0700. */
  readonly auditFolder: string;
  /** Signed packages that hosts install. */
  readonly installFolder: string;
  /** CA and own certificates with their private keys; 0700. */
  readonly caFolder: string;
  /** Unix socket on which the command line reaches the manager that runs; its folder is the manager's alone. */
  readonly adminSocket: string;
  /** Is there when a manager has served from the data folder; not in a backup. */
  readonly served: string;
  /** What makes the first person, as `init` left it; gone when it was used. */
  readonly firstLink: string;
  /** When the last backup was made; not in one itself. */
  readonly lastBackup: string;
  /** What programs elsewhere show over HTTPS, if somebody made it. */
  readonly adminToken: string;
  /** What people open in a browser; the package brings it. */
  readonly page: string;
}

/** The fixed places below `root`. */
export function managerPaths(root: string): ManagerPaths {
  const dataFolder = join(root, 'var/lib/linux_patch_manager');
  return {
    configFile: join(root, 'etc/linux_patch_manager/config.yaml'),
    dataFolder,
    database: join(dataFolder, 'manager.sqlite'),
    auditFolder: join(dataFolder, 'audit'),
    installFolder: join(dataFolder, 'install'),
    caFolder: join(dataFolder, 'ca'),
    adminSocket: join(root, 'run/linux-patch-manager/admin.sock'),
    served: join(dataFolder, 'served.json'),
    firstLink: join(dataFolder, 'first-person.json'),
    lastBackup: join(dataFolder, 'last-backup.json'),
    adminToken: join(dataFolder, 'admin.token'),
    page: join(root, 'usr/lib/linux-patch-manager/page'),
  };
}
