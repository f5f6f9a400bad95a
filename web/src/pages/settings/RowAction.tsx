import { Button } from '@mantine/core';

/** A small button in a row; `label` names the row too, for who does not see it. */
export function RowAction({
  action,
  label,
  danger,
  onClick,
}: {
  action: string;
  label: string;
  danger?: boolean;
  onClick: () => void;
}) {
  return (
    <Button size="compact-xs" variant="default" c={danger ? 'red' : undefined} aria-label={label} onClick={onClick}>
      {action}
    </Button>
  );
}
