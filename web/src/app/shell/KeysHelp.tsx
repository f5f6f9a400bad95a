import { Kbd, Table } from '@mantine/core';
import { useDisclosure, useHotkeys } from '@mantine/hooks';
import { Dialog } from '@/shared/ui/Dialog';
import { useAppTexts } from '../i18n';

/** `?` shows which keys do what. */
export function KeysHelp() {
  const t = useAppTexts();
  const [opened, { toggle, close }] = useDisclosure();
  useHotkeys([['shift+?', toggle]]);
  const keys: [string[], string][] = [
    [['Ctrl', 'K'], t('help.palette')],
    [['/'], t('help.filter')],
    [['j', 'k'], t('help.move')],
    [['Enter'], t('help.open')],
    [['x'], t('help.select')],
    [['?'], t('help.help')],
  ];
  return (
    <Dialog opened={opened} onClose={close} title={t('help.title')}>
      <Table>
        <Table.Tbody>
          {keys.map(([names, text]) => (
            <Table.Tr key={text}>
              <Table.Td>
                {names.map((name) => (
                  <Kbd key={name} mr={4}>
                    {name}
                  </Kbd>
                ))}
              </Table.Td>
              <Table.Td>{text}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Dialog>
  );
}
