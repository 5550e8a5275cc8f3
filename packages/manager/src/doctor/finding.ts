import type { Found } from '@linux-patch/runtime/findings';
import type { ManagerCheckCode } from './table.ts';

/** Something that was found on the manager's machine. */
export type Finding = Found<ManagerCheckCode>;
