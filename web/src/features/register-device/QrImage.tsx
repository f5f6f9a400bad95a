import { useMemo } from 'react';
import { qrCode } from './qr';

/** Dark on white in both themes, with the quiet zone that readers need. */
export function QrImage({ text, label, size = 180 }: { text: string; label: string; size?: number }) {
  const { path, width } = useMemo(() => {
    const rows = qrCode(text);
    const modules = rows.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x + 4} ${y + 4}h1v1h-1z`] : [])));
    return { path: modules.join(''), width: rows.length + 8 };
  }, [text]);
  return (
    <svg
      role="img"
      aria-label={label}
      width={size}
      height={size}
      viewBox={`0 0 ${width} ${width}`}
      shapeRendering="crispEdges"
    >
      <rect width={width} height={width} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}
