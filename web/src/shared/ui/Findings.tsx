import { Alert, List } from '@mantine/core';
import { formatBytes } from '../lib/format';
import type { Finding } from '../lib/upload/checks';
import { useUploadTexts } from '../lib/upload/i18n';
import { Icon } from './icons';

const BYTES = new Set(['size', 'slot', 'expected']);

/** What was found wrong with a chosen file, before it is sent. */
export function Findings({ findings }: { findings: readonly Finding[] }) {
  const t = useUploadTexts();
  if (findings.length === 0) return null;
  const blocked = findings.some(({ block }) => block);
  const worded = ({ code, values }: Finding) => {
    const entries = Object.entries(values).map(([key, value]) => [
      key,
      BYTES.has(key) ? formatBytes(Number(value)) : value,
    ]);
    return t(`finding.${code}`, Object.fromEntries(entries) as Finding['values']);
  };
  return (
    <Alert
      color={blocked ? 'red' : 'orange'}
      icon={<Icon name="warning" />}
      title={t(blocked ? 'blocked' : 'warned')}
      role="alert"
    >
      <List size="sm">
        {findings.map((finding) => (
          <List.Item key={finding.code}>{worded(finding)}</List.Item>
        ))}
      </List>
    </Alert>
  );
}
