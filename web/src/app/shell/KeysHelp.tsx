import { Kbd, Modal, Table } from '@mantine/core';
import { useDisclosure, useHotkeys } from '@mantine/hooks';
import { useUiTexts } from '@/shared/ui/i18n';
import { useAppTexts } from '../i18n';

/** `?` shows which keys do what. */
export function KeysHelp() {
  const t = useAppTexts();
  const ui = useUiTexts();
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
    <Modal opened={opened} onClose={close} title={t('help.title')} closeButtonProps={{ 'aria-label': ui('close') }}>
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
    </Modal>
  );
}
