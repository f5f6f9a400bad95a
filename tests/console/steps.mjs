// What is done on a page, in either language, before it is looked at: views that have no address of their own.
import { world } from './journey.mjs';

const main = (page) => page.locator('main');
const press = (page, name) => main(page).getByRole('button', { name }).first().click();
const menu = async (page, button, item) => {
  await press(page, button);
  await page.getByRole('menuitem', { name: item }).click();
};
const MORE = /^(More|더 보기)$/;
const dialog = (page) => page.getByRole('dialog').first().waitFor();

export const STEPS = {
  palette: async (page) => {
    await page.keyboard.press('Control+k');
    await dialog(page);
    await page.keyboard.type('<b>');
  },
  keys: async (page) => {
    await page.keyboard.press('Shift+?');
    await dialog(page);
  },
  'user-menu': async (page) => {
    await page.locator('header').getByRole('button', { name: world.user.name }).click();
    await page.getByRole('menu').waitFor();
  },
  lock: async (page) => {
    await page.locator('header').getByRole('button', { name: world.user.name }).click();
    await page.getByRole('menuitem', { name: /Lock the screen|화면 잠금/ }).click();
    await page.getByLabel(/Password|비밀번호/).first().waitFor();
  },
  'devices-chosen': (page) => main(page).getByRole('checkbox').nth(8).click(),
  'devices-menu': async (page) => {
    await press(page, /^(Columns|표시할 열)$/);
    await dialog(page);
  },
  'devices-view': async (page) => {
    await press(page, /^(Save this view|이 보기 저장)$/);
    await dialog(page);
  },
  'devices-bulk': async (page) => {
    await main(page).getByRole('row').nth(1).getByRole('checkbox').click();
    await menu(page, MORE, /Forget|기기 삭제/);
    await dialog(page);
  },
  registered: async (page) => {
    await dialog(page);
    await page.getByRole('dialog').getByRole('button', { name: /Make the code|코드.*만들기/ }).click();
    await page.getByRole('dialog').getByRole('img').first().waitFor();
  },
  'device-edit': async (page) => {
    await press(page, /^(Edit|편집)$/);
    await dialog(page);
  },
  'device-remove': async (page) => {
    await menu(page, MORE, /Forget|기기 삭제/);
    await dialog(page);
  },
  'rollout-abort': async (page) => {
    await menu(page, MORE, /^(Abort|중단)$/);
    await dialog(page);
  },
  'rollout-resume': async (page) => {
    await press(page, /^(Resume|다시 진행)$/);
    await dialog(page);
  },
  'rollout-rollback': async (page) => {
    await menu(page, MORE, /^(Roll back|되돌리기)$/);
    await dialog(page);
  },
  'image-remove': async (page) => {
    await press(page, /^Remove \S|\S 삭제$/);
    await dialog(page);
  },
  'gateways-forget': async (page) => {
    await press(page, /^Forget \S|\S 삭제$/);
    await dialog(page);
  },
  'firmware-notes': async (page) => {
    await press(page, /^(Edit notes|노트 편집)$/);
    await main(page).getByRole('textbox').waitFor();
  },
  'content-text': async (page) => {
    await press(page, /^(Edit description|설명 편집)$/);
    await main(page).getByRole('textbox').waitFor();
  },
  'firmware-withdraw': async (page) => {
    await press(page, /^(Withdraw|철회)$/);
    await dialog(page);
  },
  'content-remove': async (page) => {
    await press(page, /^(Remove|삭제)$/);
    await dialog(page);
  },
  'audit-entry': async (page) => {
    await main(page).getByRole('row').nth(2).click();
    await dialog(page);
  },
  'audit-verify': async (page) => {
    await press(page, /Verify the chain|사슬 검증/);
    await dialog(page);
    await page.getByRole('dialog').getByText(/^stratus audit verify/).waitFor();
  },
  'storage-clean': async (page) => {
    await press(page, /Count what would go|삭제될 양 확인/);
    await press(page, /^(Remove it|삭제)$/);
    await dialog(page);
  },
  'user-edit': async (page) => {
    await press(page, /^Change \S|\S 변경$/);
    await dialog(page);
  },
  'user-new': async (page) => {
    await press(page, /Add a user|사용자 추가/);
    await dialog(page);
  },
  'token-new': async (page) => {
    await press(page, /Make a token|토큰 만들기/);
    await dialog(page);
  },
  ...Object.fromEntries(
    ['region', 'group', 'filter'].map((kind) => [
      `groups-new-${kind}`,
      async (page) => {
        await press(page, /^(New |새 )/);
        await dialog(page);
      },
    ]),
  ),
};
