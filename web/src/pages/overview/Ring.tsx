import type { ReactNode } from 'react';
import type { Share } from '@/shared/ui/values';

const RADIUS = 42;
const LENGTH = 2 * Math.PI * RADIUS;

/** "green" or "gray.5", as Mantine names colours. */
export function cssColor(color: string): string {
  return `var(--mantine-color-${color.includes('.') ? color.replace('.', '-') : `${color}-filled`})`;
}

/** Parts of a whole as a ring; the legend beside it has the words and numbers. */
export function Ring({ shares, label, children }: { shares: Share[]; label: string; children: ReactNode }) {
  const total = shares.reduce((sum, { value }) => sum + value, 0);
  const arcs = shares.map((share, index) => ({
    ...share,
    before: shares.slice(0, index).reduce((sum, { value }) => sum + value, 0),
  }));
  return (
    <svg viewBox="0 0 100 100" width={128} height={128} role="img" aria-label={label} style={{ flex: 'none' }}>
      <circle cx={50} cy={50} r={RADIUS} fill="none" stroke="var(--mantine-color-default-border)" strokeWidth={12} />
      {arcs
        .filter(({ value }) => value > 0)
        .map(({ value, before, color, label: name }) => (
          <circle
            key={name}
            cx={50}
            cy={50}
            r={RADIUS}
            fill="none"
            stroke={cssColor(color)}
            strokeWidth={12}
            strokeDasharray={`${(value / total) * LENGTH} ${LENGTH}`}
            strokeDashoffset={-(before / total) * LENGTH}
            transform="rotate(-90 50 50)"
          />
        ))}
      <text
        x={50}
        y={50}
        textAnchor="middle"
        dominantBaseline="central"
        fontSize={20}
        fontWeight={700}
        fill="currentColor"
      >
        {children}
      </text>
    </svg>
  );
}
