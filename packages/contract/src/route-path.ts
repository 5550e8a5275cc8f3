/** Fits the paths of a pattern in which `{name}` stands for one part. */
export function pathPattern(path: string): RegExp {
  const source = path
    .split(/(\{\w+\})/)
    .map((part) => (part.startsWith('{') ? `(?<${part.slice(1, -1)}>[^/]+)` : RegExp.escape(part)))
    .join('');
  return new RegExp(`^${source}$`);
}

/** The parts of a path that its pattern names, percent-decoded. */
export function pathParameters(pattern: RegExp, path: string): Readonly<Record<string, string>> {
  const groups = Object.entries(pattern.exec(path)?.groups ?? {});
  return Object.fromEntries(groups.map(([name, part]) => [name, percentDecoded(part)]));
}

/** Codes that stand for no text are left as they are. */
function percentDecoded(part: string): string {
  return part.replaceAll(/(?:%[0-9a-f]{2})+/gi, (codes) => {
    try {
      return decodeURIComponent(codes);
    } catch {
      return codes;
    }
  });
}
