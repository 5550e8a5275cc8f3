import type { Route } from '@linux-patch/contract';

/** A method and a path, in which `{name}` stands for one part. HEAD is served where somebody says so. */
export interface ServedPath extends Pick<Route, 'path'> {
  readonly method: Route['method'] | 'HEAD';
}
