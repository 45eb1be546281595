// A click on the button opens the panel. What is stored is for the extension's own pages, not for scripts in other pages.
chrome.sidePanel.setPanelBehavior({ openPanelOnActionClick: true });
chrome.storage.local.setAccessLevel({ accessLevel: 'TRUSTED_CONTEXTS' });
