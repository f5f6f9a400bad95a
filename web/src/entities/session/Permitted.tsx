import { Tooltip } from '@mantine/core';
import type { ReactElement } from 'react';
import { useUiTexts } from '@/shared/ui/i18n';
import { useCan, type Scope } from '.';

/** A button that needs a permission: without it, disabled with the reason on hover. */
export function Permitted({ scope, children }: { scope: Scope; children: (disabled: boolean) => ReactElement }) {
  const t = useUiTexts();
  const allowed = useCan()(scope);
  return (
    <Tooltip label={t('needsPermission', { scope })} disabled={allowed}>
      <span style={{ display: 'inline-block' }} tabIndex={allowed ? undefined : 0}>
        {children(!allowed)}
      </span>
    </Tooltip>
  );
}
