//! The command line; everything it does lives in the library.

fn main() -> std::process::ExitCode {
    // Candle shares each elementwise operation out to a second thread that spins in between: half of all CPU time, where
    // cells take up the cores already (measured on image cells; results are the same bits).
    if std::env::var_os("CANDLE_NUM_THREADS").is_none() {
        // SAFETY: this is the only thread so far, so nobody reads or writes the environment meanwhile.
        unsafe { std::env::set_var("CANDLE_NUM_THREADS", "1") };
    }
    vqlab::cli::main()
}
