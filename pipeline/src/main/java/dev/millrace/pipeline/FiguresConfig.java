package dev.millrace.pipeline;

import dev.millrace.analysis.AnalysisConfig;
import dev.millrace.analysis.RedTotals;

/// What is counted of all complete traces, stored or not.
///
/// @param written whether figures go to the topic `dependencies`
/// @param analysis how much is told apart; its histograms are what is scraped
/// @param red how much of that is told apart when it is scraped
public record FiguresConfig(boolean written, AnalysisConfig analysis, RedTotals.Bounds red) {

    /// Everything, with the usual bounds.
    public static final FiguresConfig DEFAULT =
            new FiguresConfig(true, AnalysisConfig.DEFAULT, RedTotals.Bounds.DEFAULT);

    /// Whether anything is counted at all.
    boolean wanted() {
        return written || analysis.histograms();
    }
}
