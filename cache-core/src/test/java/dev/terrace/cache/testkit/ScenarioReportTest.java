package dev.terrace.cache.testkit;

import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

final class ScenarioReportTest {

    @Test
    void aScenarioNobodyKnowsIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ScenarioReport.figure("X99", "near", "1 load"))
                .withMessageContaining("No scenario X99")
                .withMessageContaining("X01");
    }

    @Test
    void aFigureOfTwoLinesIsRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> ScenarioReport.figure("X01", "near", "1 load\nin 2 ms"));
        assertThatIllegalArgumentException().isThrownBy(() -> ScenarioReport.figure("X01", " ", "1 load"));
    }
}
