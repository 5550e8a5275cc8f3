export {
  type CheckTable,
  describeFound,
  type Found,
  type KnownWords,
  renderFinding,
  sortFound,
} from './found.ts';
export { type FolderFault, probeFolder } from './probe-folder.ts';
export { type CheckTraits, themed } from './traits.ts';
export { readUnit, type UnitCode, unitFaults } from './unit.ts';
