//! `cargo xtask vendor`.

use tflite_sys_source::{Settings, TerminalBar, pins, vendor};

use crate::run::{Result, root, step};

pub(crate) fn run() -> Result<()> {
    let dest = root().join("third_party/src");
    step("Putting the foreign source into third_party/src", || {
        let pins = pins().map_err(|error| error.to_string())?;
        let pin = pins.get("chromium").map_err(|error| error.to_string())?;
        let settings = Settings::from_env(|name| std::env::var_os(name));
        vendor(pin, &settings, &dest, &mut TerminalBar::stderr()).map_err(|error| error.to_string())
    })
}
