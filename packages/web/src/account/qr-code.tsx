import { encode } from 'uqr';

/** A text as a picture that a telephone reads; made here, nothing is asked of anybody. */
export function QrCode({ text, label }: { readonly text: string; readonly label: string }) {
  // Cells of white around it, ISO/IEC 18004 §9.1.
  const { data, size } = encode(text, { ecc: 'M', border: 4 });
  const path = data
    .flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : '')))
    .join('');
  return (
    <svg
      role="img"
      aria-label={label}
      width="220"
      height="220"
      viewBox={`0 0 ${size} ${size}`}
      shapeRendering="crispEdges"
    >
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}
