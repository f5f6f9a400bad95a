import { Button, Menu } from '@mantine/core';
import { useRef, useState } from 'react';
import { walkDevices, type Device, type DeviceSelection } from '@/entities/device/api/listDevices';
import { downloadText } from '@/shared/lib/download';
import { Icon } from '@/shared/ui/icons';
import { toastDone, toastProblem } from '@/shared/ui/toast';
import { useUiTexts } from '@/shared/ui/i18n';
import { useTexts } from '../i18n';
import { devicesCsv } from '../model/export';

/** All that match, not only the rows that were loaded. */
export function ExportMenu({ selection }: { selection: DeviceSelection }) {
  const t = useTexts();
  const ui = useUiTexts();
  const [read, setRead] = useState<number | null>(null);
  const stop = useRef<AbortController | null>(null);
  const run = async (kind: 'csv' | 'json') => {
    const controller = new AbortController();
    stop.current = controller;
    const devices: Device[] = [];
    setRead(0);
    try {
      await walkDevices(selection, controller.signal, (page) => {
        devices.push(...page);
        setRead(devices.length);
      });
      if (kind === 'csv') downloadText('devices.csv', 'text/csv', devicesCsv(devices));
      else downloadText('devices.json', 'application/json', JSON.stringify(devices, null, 1));
      toastDone(t('exported', { count: devices.length }));
    } catch (error) {
      if (!controller.signal.aborted) toastProblem(error);
    } finally {
      setRead(null);
    }
  };
  if (read !== null) {
    return (
      <Button variant="default" onClick={() => stop.current?.abort()}>
        {t('exporting', { count: read })} · {ui('cancel')}
      </Button>
    );
  }
  return (
    <Menu>
      <Menu.Target>
        <Button variant="default" leftSection={<Icon name="download" size={16} />}>
          {t('export')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => void run('csv')}>{t('exportCsv')}</Menu.Item>
        <Menu.Item onClick={() => void run('json')}>{t('exportJson')}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
