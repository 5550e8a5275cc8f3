/** Which browser it says it is; that of others stands in many a word of its own, so the order counts. */
const BROWSERS: readonly (readonly [name: string, said: RegExp])[] = [
  ['Edge', /\bEdgA?(?:iOS)?\/(\d+)/],
  ['Opera', /\bOPR\/(\d+)/],
  ['Firefox', /\b(?:Firefox|FxiOS)\/(\d+)/],
  ['Chrome', /\b(?:HeadlessChrome|Chrome|CriOS)\/(\d+)/],
  ['Safari', /\bVersion\/(\d+).*\bSafari\//],
];

const SYSTEMS: readonly (readonly [name: string, said: RegExp])[] = [
  ['Windows', /\bWindows NT\b/],
  ['iPhone', /\biPhone\b/],
  ['iPad', /\biPad\b/],
  ['Android', /\bAndroid\b/],
  ['macOS', /\bMac OS X\b/],
  ['ChromeOS', /\bCrOS\b/],
  ['Linux', /\bLinux\b/],
];

/** A browser as people call it, by what it says of itself; undefined of one that is not known. */
export function browserOf(client: string): string | undefined {
  for (const [name, said] of BROWSERS) {
    const version = said.exec(client)?.[1];
    if (version === undefined) continue;
    const system = SYSTEMS.find(([, word]) => word.test(client))?.[0];
    return `${name} ${version}${system === undefined ? '' : ` on ${system}`}`;
  }
  return undefined;
}
